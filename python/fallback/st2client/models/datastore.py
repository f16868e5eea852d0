"""Another place of what `keyvalue` has."""

from st2client.models.keyvalue import KeyValuePair

__all__ = ["KeyValuePair"]
