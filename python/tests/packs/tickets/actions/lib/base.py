import six

from st2client.client import Client
from st2common.runners.base_action import Action

__all__ = ["BaseTicketAction"]


class BaseTicketAction(Action):
    def __init__(self, config):
        super(BaseTicketAction, self).__init__(config)
        for key in ("url", "token"):
            if not config.get(key):
                raise ValueError("No %s in the config of the pack" % key)
        self.client_class = Client

    def _headers(self):
        return {"Authorization": "Token %s" % six.text_type(self.config["token"])}
