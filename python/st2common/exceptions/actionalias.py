"""About action aliases."""

__all__ = ["ActionAliasAmbiguityException", "ActionAliasNotSupportedException"]


class ActionAliasAmbiguityException(ValueError):
    pass


class ActionAliasNotSupportedException(ValueError):
    pass
