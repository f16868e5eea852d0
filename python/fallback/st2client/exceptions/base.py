"""Errors of the client."""

__all__ = ["StackStormCLIBaseException"]


class StackStormCLIBaseException(Exception):
    pass
