import json
import os
import urllib.error
import urllib.request

from st2common.runners.base_action import Action


class InjectTriggerAction(Action):
    def run(self, trigger=None, trigger_name=None, payload=None, trace_tag=None):
        if bool(trigger) == bool(trigger_name):
            raise ValueError("give the event's trigger in the parameter 'trigger' (or 'trigger_name', not both)")
        body = {"trigger": trigger or trigger_name, "payload": payload or {}}
        headers = {"Content-Type": "application/json"}
        token = os.environ.get("ST2_ACTION_AUTH_TOKEN")
        if token:
            headers["X-Auth-Token"] = token
        if trace_tag:
            headers["St2-Trace-Tag"] = trace_tag
        request = urllib.request.Request(
            os.environ["ST2_ACTION_API_URL"].rstrip("/") + "/webhooks/st2",
            data=json.dumps(body).encode(),
            headers=headers,
            method="POST",
        )
        # The API is Squall's own: a proxy meant for the outside world must not see the token.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            # The server's words say what is wrong with the trigger or payload.
            raise RuntimeError(f"the event was refused ({error.code}): {error.read().decode(errors='replace')}") from error
