"""About permissions."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["AccessDeniedError"]


class AccessDeniedError(StackStormBaseException):
    pass
