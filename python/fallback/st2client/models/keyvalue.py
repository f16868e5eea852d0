"""Entries of the datastore."""

from st2client.models.core import Resource

__all__ = ["KeyValuePair"]


class KeyValuePair(Resource):
    _alias = "keyvaluepair"
    _display_name = "Key Value Pair"
    _plural = "KeyValuePairs"
    _plural_display_name = "Key Value Pairs"
    _path = "keys"
