"""About content of packs."""

__all__ = ["ParseException"]


class ParseException(ValueError):
    pass
