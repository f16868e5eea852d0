"""A datastore in memory."""

from st2common.constants.keyvalue import SYSTEM_SCOPE
from st2common.services.datastore import BaseDatastoreService, KeyValuePair

__all__ = ["MockDatastoreService"]


class MockDatastoreService(BaseDatastoreService):
    """The methods of the real one, over a dict of full names. Reads give what was written, as text."""

    def __init__(self, logger, pack_name, class_name, api_username=None):
        super().__init__(logger, pack_name, class_name, api_username)
        self._datastore_items = {}

    def get_api_client(self):
        raise NotImplementedError("in tests there is no API; replace get_api_client with a double of your own")

    def get_user_info(self):
        return {
            "username": "admin",
            "rbac": {"is_admin": True, "enabled": True, "roles": ["admin"]},
            "authentication": {"method": "authentication token", "location": "header"},
        }

    def list_values(self, local=True, prefix=None, limit=None, offset=0):
        full = self._get_full_key_name(prefix or "", local)
        found = [one for name, one in self._datastore_items.items() if name.startswith(full)]
        return found[offset or 0 :][:limit] if limit else found[offset or 0 :]

    def get_value(self, name, local=True, scope=SYSTEM_SCOPE, decrypt=False):
        self._check_scope(scope)
        found = self._datastore_items.get(self._get_full_key_name(name, local))
        return None if found is None else found.value

    def set_value(self, name, value, ttl=None, local=True, scope=SYSTEM_SCOPE, encrypt=False):
        self._check_scope(scope)
        if ttl:
            raise ValueError('MockDatastoreService.set_value doesn\'t support "ttl" argument')
        full = self._get_full_key_name(name, local)
        self._datastore_items[full] = KeyValuePair(id=full, name=full, value=value)
        return True

    def delete_value(self, name, local=True, scope=SYSTEM_SCOPE):
        self._check_scope(scope)
        return self._datastore_items.pop(self._get_full_key_name(name, local), None) is not None
