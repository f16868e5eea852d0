"""Keys of the datastore, looked up by attribute or item: for templates."""

from st2common.constants.keyvalue import FULL_SYSTEM_SCOPE
from st2common.util.keyvalue import get_key_reference

__all__ = ["KeyValueLookup", "get_key_reference"]


class KeyValueLookup(object):
    """`lookup.a.b` is the key `a`, or `a.b`, whichever there is; the text of one that is not there is empty."""

    scope = FULL_SYSTEM_SCOPE

    def __init__(self, prefix=None, key_prefix=None, cache=None, scope=FULL_SYSTEM_SCOPE, context=None):
        self._key = key_prefix or ""
        self._datastore = None

    def __getitem__(self, name):
        child = KeyValueLookup(key_prefix="%s.%s" % (self._key, name) if self._key else name)
        child._datastore = self._datastore
        return child

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __str__(self):
        if self._datastore is None:
            import logging

            from st2common.services.datastore import BaseDatastoreService

            self._datastore = BaseDatastoreService(logging.getLogger(__name__), "", "")
        value = self._datastore.get_value(self._key, local=False)
        return "" if value is None else value

    def __int__(self):
        return int(str(self))

    def __float__(self):
        return float(str(self))
