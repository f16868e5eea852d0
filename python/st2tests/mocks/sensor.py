"""Doubles for tests of sensors."""

import logging

from st2common.models.api.trace import TraceContext
from st2tests.mocks.datastore import MockDatastoreService

__all__ = ["MockSensorService", "MockSensorWrapper"]


class MockSensorWrapper(object):
    """What the sensor's process knows of the sensor."""

    def __init__(self, pack, class_name):
        self._pack = pack
        self._class_name = class_name


class MockSensorService(object):
    """`sensor_service` with a datastore in memory, which keeps what is dispatched in `dispatched_triggers`."""

    def __init__(self, sensor_wrapper):
        self._sensor_wrapper = sensor_wrapper
        self._logger = logging.getLogger("tests.%s" % (sensor_wrapper._class_name,))
        # Whatever the sensor logs may be asserted with assertLogs; nothing is printed of it.
        self._logger.addHandler(logging.NullHandler())
        self._logger.propagate = False
        self.dispatched_triggers = []
        self._datastore_service = MockDatastoreService(
            logger=self._logger,
            pack_name=sensor_wrapper._pack,
            class_name=sensor_wrapper._class_name,
            api_username="sensor_service",
        )

    @property
    def datastore_service(self):
        return self._datastore_service

    def get_logger(self, name):
        """The sensor's logger, whatever the name."""
        return self._logger

    def get_user_info(self):
        return self._datastore_service.get_user_info()

    def dispatch(self, trigger, payload=None, trace_tag=None):
        return self.dispatch_with_context(
            trigger, payload=payload, trace_context=TraceContext(trace_tag=trace_tag) if trace_tag else None
        )

    def dispatch_with_context(self, trigger, payload=None, trace_context=None):
        self.dispatched_triggers.append({"trigger": trigger, "payload": payload, "trace_context": trace_context})

    def list_values(self, local=True, prefix=None, limit=None, offset=0):
        return self._datastore_service.list_values(local=local, prefix=prefix, limit=limit, offset=offset)

    def get_value(self, name, local=True, scope="system", decrypt=False):
        return self._datastore_service.get_value(name, local=local, scope=scope, decrypt=decrypt)

    def set_value(self, name, value, ttl=None, local=True, scope="system", encrypt=False):
        return self._datastore_service.set_value(name, value, ttl=ttl, local=local, scope=scope, encrypt=encrypt)

    def delete_value(self, name, local=True, scope="system"):
        return self._datastore_service.delete_value(name, local=local, scope=scope)
