import os

from st2tests.base import BaseSensorTestCase

from rss_sensor import RSSSensor

FEED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures", "feed.xml")


class RSSSensorTestCase(BaseSensorTestCase):
    sensor_cls = RSSSensor

    def test_new_entries_are_dispatched_once(self):
        sensor = self.get_sensor_instance(config={"feed_urls": [FEED]})
        sensor.setup()
        sensor.poll()
        sensor.poll()
        self.assertEqual(len(self.get_dispatched_triggers()), 1)
        self.assertTriggerDispatched(trigger="rss.entry")
        payload = self.get_last_dispatched_trigger()["payload"]
        self.assertEqual(payload["entry"]["title"], "Volumes are slow in eu-1")
