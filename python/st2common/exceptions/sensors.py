"""About sensors."""

from st2common.exceptions.base import StackStormPluginException

__all__ = [
    "SensorNotFoundException",
    "SensorPartitionMapMissingException",
    "SensorPartitionerNotSupportedException",
    "TriggerTypeRegistrationException",
]


class TriggerTypeRegistrationException(StackStormPluginException):
    pass


class SensorNotFoundException(StackStormPluginException):
    pass


class SensorPartitionerNotSupportedException(StackStormPluginException):
    pass


class SensorPartitionMapMissingException(StackStormPluginException):
    pass
