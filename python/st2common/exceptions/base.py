"""The root of all of them."""

__all__ = ["StackStormBaseException", "StackStormPluginException"]


class StackStormBaseException(Exception):
    """Something in StackStorm, or a pack, went wrong."""


class StackStormPluginException(StackStormBaseException):
    """A plug-in went wrong."""
