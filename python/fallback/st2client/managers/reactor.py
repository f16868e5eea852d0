"""Trigger instances, webhooks, the stream."""

import json
import time
import urllib.parse

from st2client.managers.core import ResourceManager, path_of
from st2common.http_api import ApiUnreachable

__all__ = ["StreamManager", "TriggerInstanceManager", "WebhookManager"]

RECONNECT_SECONDS = 3


class TriggerInstanceManager(ResourceManager):
    def re_emit(self, trigger_instance_id, **kwargs):
        """The same event once more: `{"message": ..., "payload": ...}`."""
        response = self.client.post("%s%s/re_emit" % (self.path, path_of(trigger_instance_id)), **kwargs)
        response.raise_for_status()
        return response.json()


class WebhookManager(ResourceManager):
    def post_generic_webhook(self, trigger, payload=None, trace_tag=None, **kwargs):
        """Emits an event of the trigger (`pack.name`). Raises an error if the payload does not fit it."""
        headers = {"St2-Trace-Tag": trace_tag} if trace_tag else {}
        body = {"trigger": trigger, "payload": payload or {}}
        response = self.client.post(self.path + "/st2", body, headers=headers, **kwargs)
        response.raise_for_status()
        return response.json()

    def post(self, url, payload=None, trace_tag=None, **kwargs):
        """Calls the webhook of that url."""
        headers = {"St2-Trace-Tag": trace_tag} if trace_tag else {}
        response = self.client.post(
            self.path + "/" + urllib.parse.quote(url.strip("/")), payload or {}, headers=headers, **kwargs
        )
        response.raise_for_status()
        return response.json()


class StreamManager(object):
    """Events as they happen."""

    def __init__(self, client):
        self.client = client

    def listen(self, events=None, **kwargs):
        """Dicts, one per event; `events` are names such as `st2.execution__update`.

        Goes on for ever, also after the connection was lost (events of that time are missed), unless `end_event` and
        `end_execution_id` say which event is the last.
        """
        names = [events] if isinstance(events, str) else list(events or [])
        params = dict(kwargs.pop("params", None) or {})
        for name in ("end_event", "end_execution_id"):
            if kwargs.get(name):
                params[name] = kwargs.pop(name)
        if names:
            params["events"] = ",".join(names)
        ends = "end_execution_id" in params
        while True:
            answer = self.client.get(
                "/stream", params=params, stream=True, headers={"Accept": "text/event-stream"}, **kwargs
            )
            if hasattr(answer, "raise_for_status"):
                answer.raise_for_status()
            with answer:
                try:
                    yield from _events(answer)
                except OSError as e:
                    if ends:
                        raise ApiUnreachable("the event stream broke off: %s" % (e,)) from e
            if ends:
                return
            time.sleep(RECONNECT_SECONDS)


def _events(lines):
    data = []
    for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if line.startswith("data:"):
            data.append(line[5:].lstrip(" "))
        elif not line and data:
            yield json.loads("\n".join(data))
            data = []
