"""About triggers."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["TriggerDoesNotExistException", "TriggerTypeDoesNotExistException"]


class TriggerDoesNotExistException(StackStormBaseException):
    pass


class TriggerTypeDoesNotExistException(StackStormBaseException):
    pass
