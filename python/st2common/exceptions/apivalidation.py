"""About what the API is given."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["ValueValidationException"]


class ValueValidationException(StackStormBaseException):
    pass
