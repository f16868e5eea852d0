"""Requests to one service."""

import functools
import os

from st2common.http_api import ApiConnection

__all__ = ["HTTPClient", "add_auth_token_to_kwargs_from_env"]


def add_auth_token_to_kwargs_from_env(func):
    """Gives the function `token` or `api_key` of the environment where the caller gives neither."""

    @functools.wraps(func)
    def call(*args, **kwargs):
        if not kwargs.get("token") and not kwargs.get("api_key"):
            if os.environ.get("ST2_AUTH_TOKEN"):
                kwargs["token"] = os.environ["ST2_AUTH_TOKEN"]
            elif os.environ.get("ST2_API_KEY"):
                kwargs["api_key"] = os.environ["ST2_API_KEY"]
        return func(*args, **kwargs)

    return call


class HTTPClient(object):
    """`get`, `post`, `put`, `delete` of a path below the root. The answer has `status_code`, `json()`, `text`, `headers`.

    `token`, `api_key` and `auth` (a pair) of a call count more than those of the client.
    """

    def __init__(self, root, cacert=None, debug=False, token=None, api_key=None, basic_auth=None, timeout=60):
        self.root = root.rstrip("/")
        self.cacert = cacert
        self.debug = debug
        self._defaults = {"token": token, "api_key": api_key, "basic_auth": basic_auth}
        self._timeout = timeout

    def get(self, url, params=None, stream=False, **kwargs):
        return self._send("GET", url, None, params=params, stream=stream, **kwargs)

    def post(self, url, data=None, **kwargs):
        return self._send("POST", url, data, **kwargs)

    def post_raw(self, url, data, **kwargs):
        return self._send("POST", url, data.encode("utf-8") if isinstance(data, str) else data, **kwargs)

    def put(self, url, data=None, **kwargs):
        return self._send("PUT", url, data, **kwargs)

    def patch(self, url, data=None, **kwargs):
        return self._send("PATCH", url, data, **kwargs)

    def delete(self, url, data=None, **kwargs):
        return self._send("DELETE", url, data, **kwargs)

    def _send(
        self, method, url, data, params=None, headers=None, stream=False, token=None, api_key=None, auth=None, **other
    ):
        who = dict(self._defaults)
        if auth:
            who = {"token": None, "api_key": None, "basic_auth": auth}
        elif token or api_key:
            who = {"token": token, "api_key": None if token else api_key, "basic_auth": None}
        connection = ApiConnection(self.root, cacert=self.cacert, timeout=self._timeout, debug=self.debug, **who)
        return connection.request(method, url, query=params, body=data, headers=headers, stream=stream)
