import json

from st2common.runners.base_action import Action

CHANGES_KEY = "examples.check_url.changes"
# The newest ones; the list is one datastore value and must stay small.
KEPT = 50


class ReportChangeAction(Action):
    """Keeps the last changes in the datastore, under `examples.check_url.changes`, newest first."""

    def run(self, before, after):
        old, new = json.loads(before), json.loads(after)
        message = tell(old, new)
        changes = json.loads(self.action_service.get_value(CHANGES_KEY, local=False) or "[]")
        changes.insert(0, {"message": message, "before": old, "after": new})
        self.action_service.set_value(CHANGES_KEY, json.dumps(changes[:KEPT]), local=False)
        print(message)
        return {"message": message}


def tell(old, new):
    url = new["url"]
    if old["url"] != url:
        return f"now watching {url} instead of {old['url']}"
    if new["status"] is None:
        return f"{url} cannot be reached: {new['error']}"
    if old["status"] is None:
        return f"{url} can be reached again: status {new['status']}"
    if old["status"] != new["status"]:
        return f"{url} answers {new['status']} instead of {old['status']}"
    return f"the content of {url} changed"
