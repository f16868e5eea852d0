"""The server's API, for the actions of this pack: with the token of the execution, and nothing but the standard library."""

import http.client
import json
import os
import urllib.parse


class ApiError(Exception):
    """The server refused, in its own words."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def call(method, path, body=None, timeout=300):
    """Sends JSON and gives the JSON of the answer."""
    text = None if body is None else json.dumps(body).encode()
    headers = {} if text is None else {"Content-Type": "application/json"}
    return _send(method, path, text, headers, timeout)


def upload(path, file, size, content_type, timeout=600):
    """Sends the file without reading it into memory."""
    return _send("POST", path, file, {"Content-Type": content_type, "Content-Length": str(size)}, timeout)


def quote(name):
    return urllib.parse.quote(name, safe="")


def _send(method, path, body, headers, timeout):
    base = os.environ.get("ST2_API_URL") or os.environ.get("ST2_ACTION_API_URL")
    token = os.environ.get("ST2_AUTH_TOKEN") or os.environ.get("ST2_ACTION_AUTH_TOKEN")
    if not base or not token:
        raise ApiError(0, "ST2_API_URL and ST2_AUTH_TOKEN are not set: run this as an action of a server")
    address = urllib.parse.urlsplit(base)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname, address.port, timeout=timeout)
    try:
        try:
            connection.request(method, address.path.rstrip("/") + path, body, {"X-Auth-Token": token, **headers})
        except BrokenPipeError:
            # It refused without reading on; its answer says why.
            pass
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    except OSError as error:
        raise ApiError(0, "the server at %s does not answer: %s" % (base, error)) from None
    finally:
        connection.close()
    try:
        value = json.loads(text) if text else None
    except ValueError:
        value = None
    if answer.status >= 400:
        message = value.get("faultstring") if isinstance(value, dict) else None
        raise ApiError(answer.status, message or "%s %s was answered with %d" % (method, path, answer.status))
    return value
