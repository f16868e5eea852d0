"""StackStorm's tests set up its configuration with this. There is nothing to set up here."""

__all__ = ["parse_args", "reset"]


def parse_args(args=None, coordinator_noop=True):
    """Does nothing."""


def reset():
    """Does nothing."""
