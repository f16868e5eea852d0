import mock
from new_tickets import NewTicketsSensor

from st2tests.base import BaseSensorTestCase


class NewTicketsSensorTestCase(BaseSensorTestCase):
    sensor_cls = NewTicketsSensor

    def test_only_new_ones_are_dispatched(self):
        sensor = self.get_sensor_instance(config={"url": "https://desk"}, poll_interval=30)
        self.assertEqual(sensor.get_poll_interval(), 30)
        self.sensor_service.set_value("last_id", "6")
        sensor.setup()
        with mock.patch("new_tickets.urlopen") as urlopen:
            urlopen.return_value.read.return_value = self.get_fixture_content("tickets.json").encode("utf-8")
            sensor.poll()
            sensor.poll()
        self.assertTriggerDispatched(trigger="tickets.new_ticket", payload={"id": 7, "subject": "Printer on fire"})
        self.assertEqual(len(self.get_dispatched_triggers()), 1)
        self.assertEqual(self.get_last_dispatched_trigger()["trace_context"].trace_tag, "t-7")
