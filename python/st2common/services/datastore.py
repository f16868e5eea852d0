"""The datastore as pack code sees it: a few methods over HTTP."""

import os
import urllib.parse

from st2common.constants.keyvalue import DATASTORE_KEY_SEPARATOR, SYSTEM_SCOPE

__all__ = [
    "ActionDatastoreService",
    "BaseDatastoreService",
    "DatastoreService",
    "KeyValuePair",
    "SensorDatastoreService",
]


class KeyValuePair(object):
    """A datastore entry as a bag of attributes (name, value, scope, secret, expire_timestamp ...)."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def serialize(self):
        return dict(self.__dict__)

    to_dict = serialize

    def __repr__(self):
        return "<KeyValuePair name=%s>" % (getattr(self, "name", None),)


class BaseDatastoreService(object):
    """Reads and writes keys of the scope `system` as the execution or sensor that runs here.

    With `local=True` (the default) names are private to the pack and class: `<pack>.<class>:<name>`. Where the API is and who
    asks comes from the environment unless it is given.
    """

    DATASTORE_NAME_SEPARATOR = DATASTORE_KEY_SEPARATOR

    def __init__(self, logger, pack_name, class_name, api_username=None, api_url=None, auth_token=None):
        self._logger = logger
        self._pack_name = pack_name
        self._class_name = class_name
        self._api_username = api_username
        self._api_url = api_url
        self._auth_token = auth_token
        self._client = None

    # -- the caller

    def get_user_info(self):
        """Who the action runs as, and how they signed in."""
        return self._ask("GET", "/user")

    def get_api_client(self):
        """An `st2client.client.Client` that acts as this execution or sensor."""
        if self._client is None:
            from st2client.client import Client

            api_url, token = self._api()
            self._client = Client(api_url=api_url, token=token)
        return self._client

    # -- keys

    def list_values(self, local=True, prefix=None, limit=None, offset=0):
        """Entries whose name starts with `prefix`, in pages of the API's default size unless `limit` is given."""
        query = {"prefix": self._get_full_key_name(prefix or "", local)}
        if limit is not None:
            query["limit"] = limit
        if offset:
            query["offset"] = offset
        if not query["prefix"]:
            del query["prefix"]
        return [KeyValuePair(**one) for one in self._ask("GET", "/keys", query) or []]

    def get_value(self, name, local=True, scope=SYSTEM_SCOPE, decrypt=False):
        """The value, or None if there is no such key. `decrypt` asks for the plain text of a secret one."""
        self._check_scope(scope)
        query = {"scope": scope}
        if decrypt:
            query["decrypt"] = "true"
        entry = self._ask("GET", self._path(self._get_full_key_name(name, local)), query, missing_ok=True)
        return None if entry is None else entry.get("value")

    def set_value(self, name, value, ttl=None, local=True, scope=SYSTEM_SCOPE, encrypt=False):
        """Writes `str(value)`; `ttl` is in seconds; `encrypt` stores it encrypted. True when it is written."""
        self._check_scope(scope)
        full_name = self._get_full_key_name(name, local)
        body = {"name": full_name, "value": str(value), "scope": scope}
        if encrypt:
            body["secret"] = True
        if ttl:
            body["ttl"] = ttl
        self._ask("PUT", self._path(full_name), {"scope": scope}, body)
        return True

    def delete_value(self, name, local=True, scope=SYSTEM_SCOPE):
        """True when the key is gone, False when it could not be deleted (or was not there)."""
        self._check_scope(scope)
        try:
            self._ask("DELETE", self._path(self._get_full_key_name(name, local)), {"scope": scope})
        except Exception as e:
            self._logger.warning("cannot delete the key %s: %s", name, e)
            return False
        return True

    # -- inside; the names are StackStorm's, as its test doubles override them

    def _get_full_key_name(self, name, local):
        return self._get_key_name_with_prefix(name) if local else name

    def _get_key_name_with_prefix(self, name):
        return "%s.%s%s%s" % (self._pack_name, self._class_name, self.DATASTORE_NAME_SEPARATOR, name)

    @staticmethod
    def _path(name):
        return "/keys/" + urllib.parse.quote(name, safe="")

    @staticmethod
    def _check_scope(scope):
        if scope != SYSTEM_SCOPE:
            raise ValueError("Scope %s is unsupported." % (scope,))

    def _api(self):
        environment = os.environ
        api_url = self._api_url or environment.get("ST2_ACTION_API_URL") or environment.get("ST2_API_URL")
        token = self._auth_token or environment.get("ST2_ACTION_AUTH_TOKEN") or environment.get("ST2_AUTH_TOKEN")
        if not api_url:
            raise ValueError(
                "the datastore cannot be reached: neither ST2_ACTION_API_URL nor ST2_API_URL is set; run this as an action or "
                "sensor of Squall, or set them"
            )
        return api_url, token

    def _ask(self, method, path, query=None, body=None, missing_ok=False):
        from st2common.http_api import ApiConnection, ApiError

        api_url, token = self._api()
        response = ApiConnection(api_url, token=token).request(method, path, query, body)
        if response.status_code == 404 and missing_ok:
            return None
        if not response.ok:
            raise ApiError("%s %s answered %s: %s" % (method, path, response.status_code, response.fault), response)
        return response.json() if response.content.strip() else None


class ActionDatastoreService(BaseDatastoreService):
    """The datastore of an action."""

    def __init__(self, logger, pack_name, class_name, auth_token=None, api_url=None):
        super().__init__(logger, pack_name, class_name, api_url=api_url, auth_token=auth_token)


class SensorDatastoreService(BaseDatastoreService):
    """The datastore of a sensor."""


# Its name in older packs, and of what `python_runner` makes.
DatastoreService = BaseDatastoreService
