"""About parameters."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["ParamException"]


class ParamException(StackStormBaseException):
    pass
