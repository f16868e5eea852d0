"""Another place of what `reactor` has."""

from st2client.models.reactor import Sensor

__all__ = ["Sensor"]
