"""Tests of sensors."""

from st2tests.mocks.sensor import MockSensorService, MockSensorWrapper
from st2tests.pack_resource import BasePackResourceTestCase

__all__ = ["BaseSensorTestCase"]


class BaseSensorTestCase(BasePackResourceTestCase):
    """Set `sensor_cls`; `get_sensor_instance(config)` makes one whose triggers are kept for the assertions here."""

    sensor_cls = None

    def setUp(self):
        super().setUp()
        if not self.sensor_cls:
            raise ValueError('"sensor_cls" class attribute needs to be specified.')
        self.sensor_service = MockSensorService(MockSensorWrapper(pack="tests", class_name=self.sensor_cls.__name__))

    def get_sensor_instance(self, config=None, poll_interval=None):
        kwargs = {"sensor_service": self.sensor_service}
        if config:
            kwargs["config"] = config
        if poll_interval is not None:
            kwargs["poll_interval"] = poll_interval
        instance = self.sensor_cls(**kwargs)
        if getattr(instance, "sensor_service", None) is None:
            instance.sensor_service = self.sensor_service
        return instance

    def get_dispatched_triggers(self):
        """What was dispatched, oldest first: dicts with `trigger`, `payload` and `trace_context`."""
        return self.sensor_service.dispatched_triggers

    def get_last_dispatched_trigger(self):
        return self.sensor_service.dispatched_triggers[-1]

    def assertTriggerDispatched(self, trigger, payload=None, trace_context=None):
        """It was dispatched; with `payload` or `trace_context`, together with those."""
        dispatched = self.get_dispatched_triggers()
        for one in dispatched:
            if one["trigger"] != trigger:
                continue
            if payload and one["payload"] != payload:
                continue
            if trace_context and one["trace_context"] != trace_context:
                continue
            return True
        names = ", ".join("%s %r" % (one["trigger"], one["payload"]) for one in dispatched[-5:]) or "nothing"
        raise AssertionError(
            "Trigger %s%s hasn't been dispatched; dispatched: %s"
            % (trigger, " with payload %r" % (payload,) if payload else "", names)
        )
