"""About connections to machines."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["AuthenticationException", "ConnectionErrorException", "SSHException", "UnknownHostException"]


class UnknownHostException(StackStormBaseException):
    pass


class AuthenticationException(StackStormBaseException):
    pass


class ConnectionErrorException(StackStormBaseException):
    pass


class SSHException(StackStormBaseException):
    pass
