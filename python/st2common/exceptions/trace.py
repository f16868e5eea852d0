"""About traces."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["TraceNotFoundException", "UniqueTraceNotFoundException"]


class TraceNotFoundException(StackStormBaseException):
    pass


class UniqueTraceNotFoundException(StackStormBaseException):
    pass
