"""The base classes of sensors."""

import abc
import time

__all__ = ["Sensor", "PollingSensor"]


class BaseSensor(metaclass=abc.ABCMeta):
    """What every sensor has: `setup`, `run`, `cleanup`, and to be told of triggers of its types."""

    def __init__(self, sensor_service, config=None):
        self._sensor_service = sensor_service
        self._config = {} if config is None else config

    @property
    def sensor_service(self):
        return self._sensor_service

    @property
    def config(self):
        return self._config

    @abc.abstractmethod
    def setup(self):
        """Called once, before everything else."""

    @abc.abstractmethod
    def cleanup(self):
        """Called once, when the sensor is stopped."""

    @abc.abstractmethod
    def add_trigger(self, trigger):
        """A trigger of one of the sensor's types is there."""

    @abc.abstractmethod
    def update_trigger(self, trigger):
        """It was changed."""

    @abc.abstractmethod
    def remove_trigger(self, trigger):
        """It is gone."""


class Sensor(BaseSensor):
    """Subclass it and define `run`, which goes on until the sensor is stopped."""

    @abc.abstractmethod
    def run(self):
        """Waits for what happens and dispatches it."""


class PollingSensor(BaseSensor):
    """Subclass it and define `poll`, which is called again and again with `poll_interval` seconds in between."""

    def __init__(self, sensor_service, config=None, poll_interval=5):
        super().__init__(sensor_service=sensor_service, config=config)
        self._poll_interval = poll_interval

    @abc.abstractmethod
    def poll(self):
        """Looks once and dispatches what is new."""

    def run(self):
        while True:
            self.poll()
            time.sleep(self._poll_interval)

    def get_poll_interval(self):
        return self._poll_interval

    def set_poll_interval(self, poll_interval):
        self._poll_interval = poll_interval
