"""About the datastore."""

from st2common.exceptions.base import StackStormBaseException

__all__ = ["CryptoKeyNotSetupException", "DataStoreKeyNotFoundError", "InvalidScopeException"]


class CryptoKeyNotSetupException(StackStormBaseException):
    pass


class InvalidScopeException(StackStormBaseException):
    pass


class DataStoreKeyNotFoundError(StackStormBaseException):
    pass
