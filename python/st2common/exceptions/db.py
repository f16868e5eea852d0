"""About what StackStorm keeps in its database."""

from st2common.exceptions.base import StackStormBaseException

__all__ = [
    "StackStormDBObjectConflictError",
    "StackStormDBObjectMalformedError",
    "StackStormDBObjectNotFoundError",
    "StackStormDBObjectWriteConflictError",
]


class StackStormDBObjectNotFoundError(StackStormBaseException):
    pass


class StackStormDBObjectMalformedError(StackStormBaseException):
    pass


class StackStormDBObjectConflictError(StackStormBaseException):
    pass


class StackStormDBObjectWriteConflictError(StackStormBaseException):
    pass
