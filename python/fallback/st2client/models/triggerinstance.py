"""Another place of what `reactor` has."""

from st2client.models.reactor import TriggerInstance

__all__ = ["TriggerInstance"]
