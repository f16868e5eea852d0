"""StackStorm's processes run under eventlet; Squall's are plain Python, so there is nothing to patch."""

__all__ = ["is_use_debugger_flag_provided", "monkey_patch", "use_select_poll_workaround"]


def monkey_patch(patch_thread=None):
    """Does nothing."""


def use_select_poll_workaround(nose_only=True):
    """Does nothing."""


def is_use_debugger_flag_provided():
    return False
