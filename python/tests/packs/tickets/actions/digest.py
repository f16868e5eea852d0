import time

from st2client import models
from st2client.client import Client
from st2client.models import KeyValuePair
from st2common.constants.action import LIVEACTION_COMPLETED_STATES
from st2common.runners.base_action import Action


class Digest(Action):
    def __init__(self, config=None, action_service=None):
        super(Digest, self).__init__(config=config, action_service=action_service)
        # As hundreds of packs have it: whoever runs this says in the environment where the API really is.
        self.client = Client(base_url="http://localhost")

    def run(self, count):
        before = self.action_service.get_value("count")
        self.action_service.set_value("count", count)
        self.client.keys.update(KeyValuePair(name="tickets_total", value=str(count)))
        said = self._execute("core.echo", message="%s tickets" % count)
        client = self.action_service.datastore_service.get_api_client()
        return {
            "before": before,
            "now": client.keys.get_by_name("tickets.Digest:count").value,
            "names": [one.name for one in self.action_service.list_values(prefix="c")],
            "total": self.action_service.get_value("tickets_total", local=False),
            "said": said.result["message"] if "message" in said.result else said.result,
            "user": self.action_service.get_user_info()["username"],
        }

    def _execute(self, action, **parameters):
        execution = models.LiveAction()
        execution.action = action
        execution.parameters = parameters
        execution = self.client.liveactions.create(execution)
        while execution.status not in LIVEACTION_COMPLETED_STATES:
            time.sleep(0.05)
            execution = self.client.liveactions.get_by_id(execution.id)
        return execution
