"""About SSH."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["InvalidCredentialsException", "NoHostsConnectedToException"]


class InvalidCredentialsException(StackStormBaseException):
    pass


class NoHostsConnectedToException(StackStormBaseException):
    pass
