"""About runs of actions."""

from st2common.exceptions.base import StackStormBaseException

__all__ = [
    "ActionRunnerCreateError",
    "ActionRunnerDispatchError",
    "ActionRunnerException",
    "ActionRunnerPostRunError",
    "ActionRunnerPreRunError",
    "UnexpectedActionExecutionStatusError",
]


class ActionRunnerException(StackStormBaseException):
    pass


class ActionRunnerCreateError(ActionRunnerException):
    pass


class ActionRunnerDispatchError(ActionRunnerException):
    pass


class ActionRunnerPreRunError(ActionRunnerException):
    pass


class ActionRunnerPostRunError(ActionRunnerException):
    pass


class UnexpectedActionExecutionStatusError(ActionRunnerException):
    pass
