"""About sign-in."""

from st2common.exceptions.base import StackStormBaseException

__all__ = [
    "ApiKeyDisabledError",
    "ApiKeyNotFoundError",
    "MultipleAuthSourcesError",
    "NoAuthSourceProvidedError",
    "NoNicknameOriginProvidedError",
    "NotServiceUserError",
    "SSOVerificationError",
    "TTLTooLargeException",
    "TokenExpiredError",
    "TokenNotFoundError",
    "TokenNotProvidedError",
    "UserNotFoundError",
]


class TokenNotProvidedError(StackStormBaseException):
    pass


class TokenNotFoundError(StackStormBaseException):
    pass


class TokenExpiredError(StackStormBaseException):
    pass


class TTLTooLargeException(StackStormBaseException):
    pass


class UserNotFoundError(StackStormBaseException):
    pass


class NotServiceUserError(StackStormBaseException):
    pass


class NoNicknameOriginProvidedError(StackStormBaseException):
    pass


class ApiKeyNotFoundError(StackStormBaseException):
    pass


class ApiKeyDisabledError(StackStormBaseException):
    pass


class NoAuthSourceProvidedError(StackStormBaseException):
    pass


class MultipleAuthSourcesError(StackStormBaseException):
    pass


class SSOVerificationError(StackStormBaseException):
    pass
