"""About actions."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["InvalidActionParameterException", "InvalidActionReferencedException"]


class InvalidActionReferencedException(StackStormBaseException):
    pass


class InvalidActionParameterException(ValueError):
    pass
