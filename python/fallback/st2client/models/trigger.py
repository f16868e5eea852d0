"""Another place of what `reactor` has."""

from st2client.models.reactor import Trigger, TriggerType

__all__ = ["Trigger", "TriggerType"]
