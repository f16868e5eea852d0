"""Errors of what the client does."""

from st2client.exceptions.base import StackStormCLIBaseException

__all__ = ["OperationFailureException"]


class OperationFailureException(StackStormCLIBaseException):
    pass
