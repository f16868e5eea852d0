import json

from lib.base import BaseTicketAction
from six.moves.urllib.request import Request, urlopen

from st2common.exceptions.action import InvalidActionParameterException
from st2common.util import date as date_utils


class OpenTicket(BaseTicketAction):
    def run(self, queue, subject):
        if not subject:
            raise InvalidActionParameterException("a subject, please")
        opened = date_utils.get_datetime_utc_now()
        body = json.dumps({"queue": queue, "subject": subject, "opened": opened.isoformat()}).encode("utf-8")
        answer = urlopen(Request(self.config["url"] + "/tickets", data=body, headers=self._headers()))
        ticket = json.loads(answer.read().decode("utf-8"))
        self.action_service.set_value("last_ticket", ticket["id"])
        self.logger.info("opened %s", ticket["id"])
        return (True, ticket)
