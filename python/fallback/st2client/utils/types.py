"""Collections."""

from st2common.util.types import OrderedSet

__all__ = ["OrderedSet"]
