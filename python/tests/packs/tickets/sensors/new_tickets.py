import json

from six.moves.urllib.request import urlopen

from st2reactor.sensor.base import PollingSensor


class NewTicketsSensor(PollingSensor):
    def __init__(self, sensor_service, config=None, poll_interval=None):
        super(NewTicketsSensor, self).__init__(
            sensor_service=sensor_service, config=config, poll_interval=poll_interval
        )
        self._logger = self._sensor_service.get_logger(name=self.__class__.__name__)
        self._trigger_ref = "tickets.new_ticket"

    def setup(self):
        self._url = self._config["url"]

    def poll(self):
        last = int(self._sensor_service.get_value("last_id") or 0)
        tickets = json.loads(urlopen(self._url + "/tickets").read().decode("utf-8"))
        for ticket in sorted(tickets, key=lambda one: one["id"]):
            if ticket["id"] <= last:
                continue
            self._logger.debug("ticket %s is new", ticket["id"])
            self._sensor_service.dispatch(trigger=self._trigger_ref, payload=ticket, trace_tag="t-%s" % ticket["id"])
            last = ticket["id"]
        self._sensor_service.set_value("last_id", last)

    def cleanup(self):
        pass

    def add_trigger(self, trigger):
        pass

    def update_trigger(self, trigger):
        pass

    def remove_trigger(self, trigger):
        pass
