"""Small tools."""

from st2common.util.misc import deep_update as merge_dicts

__all__ = ["merge_dicts"]
