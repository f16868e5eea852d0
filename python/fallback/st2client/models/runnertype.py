"""Another place of what `action` has."""

from st2client.models.action import RunnerType

__all__ = ["RunnerType"]
