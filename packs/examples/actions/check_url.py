import hashlib
import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request

from st2common.runners.base_action import Action

STATE_KEY = "examples.check_url.state"
# Enough for any page that is worth watching; more of a body is not read.
MAX_BODY_BYTES = 10_000_000


class CheckUrlAction(Action):
    """Keeps what a page looks like in the datastore, and writes only when that changes, so that rules can listen."""

    def run(self, url=None, timeout_seconds=20):
        url = url or self.configured_url()
        # The health page counts what runs just now, so only its status says something.
        with_body = url is not None
        url = url or health_page()
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"'{url}' is no http or https address")
        after = {"url": url, **fetch(url, timeout_seconds, with_body)}
        stored = self.action_service.get_value(STATE_KEY, local=False)
        before = json.loads(stored) if stored else None
        changed = after != before
        if changed:
            self.action_service.set_value(STATE_KEY, json.dumps(after, sort_keys=True), local=False)
        print(f"{url}: {describe(after)}{'' if not changed else ', first look' if before is None else ', changed'}")
        return {"changed": changed, "first": before is None, "state": after}

    def configured_url(self):
        return self.action_service.get_value("examples.check_url", local=False) or self.config.get("url")


def health_page():
    api = urllib.parse.urlsplit(os.environ["ST2_ACTION_API_URL"])
    return urllib.parse.urlunsplit((api.scheme, api.netloc, api.path.rstrip("/").removesuffix("/v1") + "/health", "", ""))


def fetch(url, timeout_seconds, with_body):
    """Status and digest of a page. A page that cannot be reached is a state like any other."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_seconds) as response:
            return seen(response.status, response.read(MAX_BODY_BYTES) if with_body else None)
    except urllib.error.HTTPError as error:
        return seen(error.code, error.read(MAX_BODY_BYTES) if with_body else None)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        return {"status": None, "digest": None, "error": str(reason)}


def seen(status, body):
    return {"status": status, "digest": None if body is None else hashlib.sha256(body).hexdigest()}


def describe(state):
    if state["status"] is None:
        return f"unreachable ({state['error']})"
    return f"{state['status']} {state['digest'][:12]}" if state["digest"] else str(state["status"])
