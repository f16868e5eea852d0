"""The API of the server that runs this action, with the action's own token."""

import json
import os
import urllib.error
import urllib.request


def call(method, path, body=None):
    """The answer's JSON. Raises RuntimeError with the server's words."""
    headers = {"Content-Type": "application/json", "X-Auth-Token": os.environ["ST2_ACTION_AUTH_TOKEN"]}
    request = urllib.request.Request(
        os.environ["ST2_ACTION_API_URL"].rstrip("/") + path,
        data=None if body is None else json.dumps(body).encode(),
        headers=headers,
        method=method,
    )
    # The API is Squall's own: a proxy meant for the outside world must not see the token.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        try:
            text = json.loads(text)["faultstring"]
        except (ValueError, KeyError, TypeError):
            pass
        raise RuntimeError(f"{method} {path}: {error.code} {text}") from error
