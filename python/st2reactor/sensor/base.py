"""The base classes of sensors.

A sensor's process calls `setup()`, then `add_trigger()` for every trigger that rules use, then `run()`; `cleanup()` at its end.
"""

import abc
import threading

__all__ = ["BaseSensor", "PollingSensor", "Sensor"]


class BaseSensor(metaclass=abc.ABCMeta):
    """What both kinds have in common.

    `sensor_service` dispatches triggers, reads and writes the datastore and makes loggers. `config` is the pack's configuration.
    """

    def __init__(self, sensor_service, config=None):
        self._sensor_service = sensor_service
        # `or {}` would replace an empty configuration whose missing keys are reported with the pack's name.
        self._config = {} if config is None else config

    @property
    def sensor_service(self):
        return self._sensor_service

    @sensor_service.setter
    def sensor_service(self, value):
        self._sensor_service = value

    @property
    def config(self):
        return self._config

    @config.setter
    def config(self, value):
        self._config = value

    @abc.abstractmethod
    def setup(self):
        """Before anything else: connect to what is watched."""

    @abc.abstractmethod
    def run(self):
        """Watches until it is over."""

    @abc.abstractmethod
    def cleanup(self):
        """At the end: close what `setup` opened."""

    @abc.abstractmethod
    def add_trigger(self, trigger):
        """A rule uses this trigger (a dict with `ref`, `type`, `parameters` ...) from now on."""

    @abc.abstractmethod
    def update_trigger(self, trigger):
        """The trigger's parameters changed."""

    @abc.abstractmethod
    def remove_trigger(self, trigger):
        """No rule uses this trigger any more."""


class Sensor(BaseSensor):
    """Waits for what happens: `run()` blocks, listening, and dispatches what comes."""

    @abc.abstractmethod
    def run(self):
        """Listens, and dispatches, until it is over."""


class PollingSensor(BaseSensor):
    """Looks every `poll_interval` seconds: `poll()` is called again and again, and dispatches what is new."""

    def __init__(self, sensor_service, config=None, poll_interval=5):
        super().__init__(sensor_service=sensor_service, config=config)
        self._poll_interval = poll_interval
        self._poll_woken = threading.Event()

    @abc.abstractmethod
    def poll(self):
        """Looks once."""

    def run(self):
        while True:
            self.poll()
            self._wait_for_next_poll()

    def get_poll_interval(self):
        """Seconds between two polls."""
        return self._poll_interval

    def set_poll_interval(self, poll_interval):
        """Also changes the wait that is under way; a sensor may call it in `poll()`, or from a thread of its own."""
        self._poll_interval = poll_interval
        # Classes written for StackStorm may not call our __init__.
        woken = getattr(self, "_poll_woken", None)
        if woken is not None:
            woken.set()

    def _wait_for_next_poll(self):
        import time

        woken = getattr(self, "_poll_woken", None)
        if woken is None:
            time.sleep(self._poll_interval)
            return
        woken.clear()
        began = time.monotonic()
        while True:
            left = self._poll_interval - (time.monotonic() - began)
            if left <= 0 or not woken.wait(left):
                return
            woken.clear()
