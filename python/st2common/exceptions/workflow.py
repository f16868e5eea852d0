"""About workflows."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["WorkflowDefinitionException", "WorkflowExecutionException"]


class WorkflowExecutionException(StackStormBaseException):
    pass


class WorkflowDefinitionException(StackStormBaseException):
    pass
