import time

from chatops_api import call
from st2common.runners.base_action import Action

ENDED = ("succeeded", "failed", "timeout", "canceled", "abandoned")


class ExecuteActionAliasAction(Action):
    def run(self, text, source_channel=None, user=None):
        found = call("POST", "/actionalias/match", {"command": text})
        made = call(
            "POST",
            "/aliasexecution",
            {
                "name": found["actionalias"]["name"],
                "format": found["representation"],
                "command": text,
                "source_channel": source_channel or "",
                "user": user or "",
            },
        )
        execution_id = made["execution"]["id"]
        while call("GET", f"/executions/{execution_id}")["status"] not in ENDED:
            time.sleep(1)
        return execution_id
