"""About rules."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["RuleValidationException"]


class RuleValidationException(StackStormBaseException):
    pass
