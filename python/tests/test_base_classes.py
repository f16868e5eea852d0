import threading
import unittest

from st2common.runners.base_action import Action
from st2common.runners.utils import get_action_class_instance
from st2reactor.sensor.base import PollingSensor, Sensor


class New(Action):
    def __init__(self, config=None, action_service=None):
        super().__init__(config=config, action_service=action_service)

    def run(self):
        return "ran"


class Old(Action):
    def __init__(self, config):
        super(Old, self).__init__(config)
        self.seen = config

    def run(self):
        return "ran"


class Forgetful(Action):
    """Takes the service and does not hand it on."""

    def __init__(self, config, action_service=None):
        super(Forgetful, self).__init__(config)

    def run(self):
        return "ran"


class ActionTest(unittest.TestCase):
    def test_every_style_of_action_gets_config_service_and_logger(self):
        service = object()
        for one in (New, Old, Forgetful):
            action = get_action_class_instance(one, config={"a": 1}, action_service=service)
            self.assertEqual((action.config, action.action_service, action.run()), ({"a": 1}, service, "ran"), one)
            self.assertEqual(action.logger.name, "actions.python." + one.__name__)

    def test_an_action_needs_run(self):
        with self.assertRaisesRegex(TypeError, "run"):
            type("Lazy", (Action,), {})()


class Counting(PollingSensor):
    setup = cleanup = add_trigger = update_trigger = remove_trigger = lambda self, *args: None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.polls = 0
        self.polled = threading.Semaphore(0)

    def poll(self):
        self.polls += 1
        self.polled.release()
        if self.polls == 3:
            raise StopIteration


class SensorTest(unittest.TestCase):
    def test_attributes_have_both_names(self):
        service = object()
        sensor = Counting(service, {"a": 1}, 7)
        self.assertEqual((sensor.sensor_service, sensor._sensor_service), (service, service))
        self.assertEqual((sensor.config, sensor._config), ({"a": 1}, {"a": 1}))
        self.assertEqual((sensor.get_poll_interval(), sensor._poll_interval), (7, 7))

    def test_a_new_interval_counts_at_once(self):
        sensor = Counting(None, poll_interval=3600)
        ended = []

        def run():
            try:
                sensor.run()
            except StopIteration:
                ended.append(True)

        thread = threading.Thread(target=run)
        thread.start()
        self.assertTrue(sensor.polled.acquire(timeout=10))
        sensor.set_poll_interval(0.01)
        thread.join(10)
        self.assertEqual((ended, sensor.polls), ([True], 3))

    def test_methods_that_are_missing_are_named(self):
        with self.assertRaisesRegex(TypeError, "setup"):
            type("Lazy", (Sensor,), {})(None)


if __name__ == "__main__":
    unittest.main()
