"""The old place of `st2common.runners.base_action.Action`."""

from st2common.runners.base_action import Action

__all__ = ["Action"]
