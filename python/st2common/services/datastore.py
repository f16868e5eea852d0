"""The datastore as pack code sees it: a few methods over HTTP."""

import json
import os
import urllib.parse

__all__ = ["DatastoreService", "KeyValuePair"]

SYSTEM_SCOPE = "system"
SEPARATOR = ":"
TIMEOUT_SECONDS = 60


class KeyValuePair(object):
    """A datastore entry as a bag of attributes (name, value, scope, secret, expire_timestamp ...)."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def __repr__(self):
        return "<KeyValuePair name=%s>" % (getattr(self, "name", None),)


class DatastoreService(object):
    """Reads and writes keys of the scope `system`.

    With `local=True` (the default) names are private to the pack and class: `<pack>.<class>:<name>`.
    """

    def __init__(self, logger, pack_name, class_name, api_url=None, auth_token=None):
        self._logger = logger
        self._prefix = "%s.%s" % (pack_name, class_name)
        self._api_url = api_url
        self._auth_token = auth_token

    # -- the caller

    def get_user_info(self):
        """Who the action runs as, and how they signed in."""
        return self._request("GET", "/user")

    # -- keys

    def list_values(self, local=True, prefix=None, limit=None, offset=None):
        """Entries whose name starts with `prefix`, in pages of the API's default size unless `limit` is given."""
        query = {"prefix": self._full_name(prefix or "", local)}
        if limit is not None:
            query["limit"] = limit
        if offset is not None:
            query["offset"] = offset
        if not query["prefix"]:
            del query["prefix"]
        return [KeyValuePair(**one) for one in self._request("GET", "/keys", query) or []]

    def get_value(self, name, local=True, scope=SYSTEM_SCOPE, decrypt=False):
        """The value, or None if there is no such key. `decrypt` asks for the plain text of a secret one."""
        self._check_scope(scope)
        query = {"scope": scope}
        if decrypt:
            query["decrypt"] = "true"
        entry = self._request("GET", self._path(self._full_name(name, local)), query, missing_ok=True)
        return None if entry is None else entry.get("value")

    def set_value(self, name, value, ttl=None, local=True, scope=SYSTEM_SCOPE, encrypt=False):
        """Writes `str(value)`; `ttl` is in seconds; `encrypt` stores it encrypted. True when it is written."""
        self._check_scope(scope)
        full_name = self._full_name(name, local)
        body = {"name": full_name, "value": str(value), "scope": scope}
        if encrypt:
            body["secret"] = True
        if ttl:
            body["ttl"] = ttl
        self._request("PUT", self._path(full_name), {"scope": scope}, body)
        return True

    def delete_value(self, name, local=True, scope=SYSTEM_SCOPE):
        """True when the key is gone, False when it could not be deleted (or was not there)."""
        self._check_scope(scope)
        try:
            self._request("DELETE", self._path(self._full_name(name, local)), {"scope": scope})
        except Exception as e:
            self._logger.warning("cannot delete the key %s: %s", name, e)
            return False
        return True

    # -- inside

    def _full_name(self, name, local):
        return self._prefix + SEPARATOR + name if local else name

    @staticmethod
    def _path(name):
        return "/keys/" + urllib.parse.quote(name, safe="")

    @staticmethod
    def _check_scope(scope):
        if scope != SYSTEM_SCOPE:
            raise ValueError("Scope %s is unsupported." % (scope,))

    def _request(self, method, path, query=None, body=None, missing_ok=False):
        # Here, not above: it is a quarter of an action's start, and most actions never ask.
        import urllib.error
        import urllib.request

        api_url = self._api_url or os.environ.get("ST2_ACTION_API_URL")
        token = self._auth_token or os.environ.get("ST2_ACTION_AUTH_TOKEN")
        if not api_url:
            raise ValueError("the datastore cannot be reached: ST2_ACTION_API_URL is not set")
        url = api_url.rstrip("/") + path
        if query:
            url += "?" + urllib.parse.urlencode(query)
        headers = {"Accept": "application/json"}
        if token:
            headers["X-Auth-Token"] = token
        data = None
        if body is not None:
            data = json.dumps(body).encode("utf-8")
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        # The API is Squall's own: a proxy meant for the outside world must not see the token.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                text = response.read().decode("utf-8")
        except urllib.error.HTTPError as e:
            with e:
                if e.code == 404 and missing_ok:
                    return None
                raise ValueError("%s %s answered %s: %s" % (method, path, e.code, _fault(e))) from None
        return json.loads(text) if text else None


def _fault(error):
    text = error.read().decode("utf-8", "replace")
    try:
        return json.loads(text).get("faultstring", text)
    except (ValueError, AttributeError):
        return text[:500] or error.reason
