"""About plug-ins."""

from st2common.exceptions.base import StackStormPluginException

__all__ = ["IncompatiblePluginException", "PluginLoadError"]


class PluginLoadError(StackStormPluginException):
    pass


class IncompatiblePluginException(StackStormPluginException):
    pass
