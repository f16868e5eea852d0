"""Requests to Squall's API: urllib, errors that carry the answer, no redirects of credentials, no proxy unless asked.

Imports of urllib are late: they are a quarter of an action's start, and most actions never ask.
"""

import json
import sys

__all__ = ["ApiConnection", "ApiError", "ApiResponse", "ApiUnreachable", "TIMEOUT_SECONDS"]

TIMEOUT_SECONDS = 60


class ApiResponse(object):
    """An answer, with the names that users of `requests` know."""

    def __init__(self, status_code, reason, headers, content, url):
        self.status_code = status_code
        self.reason = reason
        self.headers = headers
        self.content = content
        self.url = url

    @property
    def ok(self):
        # A redirect is no answer: following it could hand the credentials to somebody else.
        return self.status_code < 300

    @property
    def text(self):
        return self.content.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.text)

    @property
    def fault(self):
        """What the API says went wrong."""
        try:
            return self.json()["faultstring"]
        except (ValueError, KeyError, TypeError):
            return self.text[:500] or self.reason

    def raise_for_status(self):
        if not self.ok:
            raise api_error(self)


class ApiError(OSError, ValueError):
    """The API refused. `response.status_code` says how, `response.fault` why; the message has both."""

    def __init__(self, message, response=None):
        super().__init__(message)
        self.response = response
        self.request = None


class ApiUnreachable(ConnectionError):
    """Nobody answered, or nobody who can be trusted."""


def api_error(response):
    """An `ApiError` that is also a `requests.HTTPError` where the pack uses requests, as callers then catch that."""
    kind = "Client" if response.status_code < 500 else "Server"
    fault = response.fault
    if response.status_code < 400:
        fault = "the API is at %s; use that url" % (response.headers.get("Location"),)
    message = "%s %s Error: %s\nMESSAGE: %s for url: %s" % (
        response.status_code,
        kind,
        response.reason,
        fault,
        response.url,
    )
    requests = sys.modules.get("requests.exceptions")
    if requests is None:
        return ApiError(message, response)
    both = type("HTTPError", (ApiError, requests.HTTPError), {"__init__": ApiError.__init__})
    return both(message, response)


class ApiConnection(object):
    """Where the API is and who asks.

    `url` has no slash at its end. `cacert` is a file with the certificates to trust, or False to trust any.
    """

    def __init__(
        self, url, token=None, api_key=None, basic_auth=None, cacert=None, timeout=TIMEOUT_SECONDS, debug=False
    ):
        self.url = url.rstrip("/")
        self.token = token
        self.api_key = api_key
        self.basic_auth = basic_auth
        self.cacert = cacert
        self.timeout = timeout
        self.debug = debug
        self._opener = None

    def request(self, method, path, query=None, body=None, headers=None, stream=False):
        """The answer, whatever its status. `body` is sent as JSON unless it is bytes.

        With `stream` the open connection itself is given, to read from and close. Raises `ApiUnreachable`.
        """
        import http.client
        import urllib.error
        import urllib.parse
        import urllib.request

        url = self.url + path
        if query:
            url += ("&" if "?" in url else "?") + urllib.parse.urlencode(query, doseq=True)
        given = self._headers(headers)
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode("utf-8")
            given.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(url, data=data, headers=given, method=method)
        if self.debug:
            sys.stderr.write("# %s %s\n" % (method, url))
        try:
            answer = self._open(request)
        except urllib.error.HTTPError as e:
            answer = e
        except (OSError, http.client.HTTPException) as e:
            raise ApiUnreachable(
                "the API at %s does not answer (%s %s): %s" % (self.url, method, path, getattr(e, "reason", None) or e)
            ) from e
        if stream and answer.status < 300:
            return answer
        with answer:
            try:
                content = answer.read()
            except (OSError, http.client.HTTPException) as e:
                raise ApiUnreachable("the API at %s stopped answering (%s %s): %s" % (self.url, method, path, e)) from e
            return ApiResponse(answer.status, answer.reason or "", answer.headers, content, url)

    def ask(self, method, path, query=None, body=None, headers=None):
        """The decoded JSON of a good answer, None if it is empty. Raises `ApiError` for any other."""
        response = self.request(method, path, query, body, headers)
        response.raise_for_status()
        return response.json() if response.content.strip() else None

    def _headers(self, more):
        import base64

        headers = {"Accept": "application/json"}
        if self.token:
            headers["X-Auth-Token"] = self.token
        elif self.api_key:
            headers["St2-Api-Key"] = self.api_key
        if self.basic_auth:
            pair = self.basic_auth if isinstance(self.basic_auth, str) else ":".join(self.basic_auth)
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii")
        headers.update(more or {})
        return headers

    def _open(self, request):
        import urllib.request

        if self._opener is None:
            # By hand: no proxy (the API is Squall's own; one meant for the outside world must not see the token), no redirects
            # (they could take it elsewhere), and certificates, which take a while to load, only where they are needed.
            self._opener = urllib.request.OpenerDirector()
            for handler in (
                urllib.request.HTTPHandler(),
                urllib.request.HTTPDefaultErrorHandler(),
                urllib.request.HTTPErrorProcessor(),
                urllib.request.UnknownHandler(),
            ):
                self._opener.add_handler(handler)
            if self.url.startswith("https:"):
                self._opener.add_handler(urllib.request.HTTPSHandler(context=self._trust()))
        return self._opener.open(request, timeout=self.timeout)

    def _trust(self):
        import ssl

        context = ssl.create_default_context(cafile=self.cacert or None)
        if self.cacert is False:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
