"""Payloads of triggers, looked into by path."""

__all__ = ["PayloadLookup"]


class PayloadLookup(object):
    """`lookup.get_value("trigger.body.items[0]")` gives a list with what is there, None if nothing is."""

    def __init__(self, payload, prefix="trigger"):
        self.payload = {prefix: payload}

    def get_value(self, lookup_key):
        value = self.payload
        for step in lookup_key.replace("[", ".").replace("]", "").split("."):
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return [value]
