"""About runners."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["InvalidRunnerException"]


class InvalidRunnerException(StackStormBaseException):
    pass
