"""What a running sensor may ask of Squall."""

import logging

from st2common.services.datastore import DatastoreService
from st2reactor.container.channel import TooLarge
from st2reactor.container.payload import NotJson, plain

__all__ = ["SensorService"]


class SensorService(object):
    """Handed to the sensor as `sensor_service`."""

    def __init__(self, channel, logger, datastore_service):
        self._channel = channel
        self._logger = logger
        self._datastore_service = datastore_service

    @property
    def datastore_service(self):
        return self._datastore_service

    def get_logger(self, name):
        """A logger whose records go to the sensor's log."""
        return logging.getLogger("%s.%s" % (self._logger.name, name))

    def get_user_info(self):
        """Who the sensor runs as."""
        return self._datastore_service.get_user_info()

    def dispatch(self, trigger, payload=None, trace_tag=None):
        """Says that something happened, and returns when it is on disk, or was refused (the log says why).

        `trigger` is a ref, or a trigger as `add_trigger` got it. Waits while the server takes no more.
        """
        self._dispatch(trigger, payload, trace_tag)

    def dispatch_with_context(self, trigger, payload=None, trace_context=None):
        """The same with a trace context: a text, a dict or an object with `trace_tag`."""
        tag = trace_context
        if isinstance(trace_context, dict):
            tag = trace_context.get("trace_tag")
        elif trace_context is not None and not isinstance(trace_context, str):
            tag = getattr(trace_context, "trace_tag", None)
        self._dispatch(trigger, payload, tag)

    def list_values(self, local=True, prefix=None, limit=None, offset=None):
        return self._datastore_service.list_values(local=local, prefix=prefix, limit=limit, offset=offset)

    def get_value(self, name, local=True, scope="system", decrypt=False):
        return self._datastore_service.get_value(name, local=local, scope=scope, decrypt=decrypt)

    def set_value(self, name, value, ttl=None, local=True, scope="system", encrypt=False):
        return self._datastore_service.set_value(name, value, ttl=ttl, local=local, scope=scope, encrypt=encrypt)

    def delete_value(self, name, local=True, scope="system"):
        return self._datastore_service.delete_value(name, local=local, scope=scope)

    # -- inside

    def _dispatch(self, trigger, payload, trace_tag):
        try:
            message = {
                "kind": "dispatch",
                "trigger": _address(trigger),
                "payload": {} if payload is None else plain(payload),
                "trace_tag": None if trace_tag is None else str(trace_tag),
            }
            answer = self._channel.ask(message)
        except (NotJson, TooLarge) as e:
            self._refused(trigger, str(e))
            self._channel.send({"kind": "refused"})
            return
        error = answer.get("error")
        if error is not None:
            self._refused(trigger, error)

    def _refused(self, trigger, reason):
        name = trigger.get("ref") or trigger.get("type") if isinstance(trigger, dict) else trigger
        self._logger.warning("the event %s was not dispatched: %s", name, reason)


def _address(trigger):
    """A ref, or what of a trigger says which one it is."""
    if isinstance(trigger, str):
        return trigger
    if isinstance(trigger, dict):
        return {key: trigger[key] for key in ("id", "uid", "ref", "type", "parameters") if trigger.get(key) is not None}
    raise NotJson("the trigger is a %s; give a ref or a trigger's dict" % (type(trigger).__name__,))


def make_datastore(logger, pack, class_name, instance, api_url, auth_token):
    """The datastore of a sensor: names of a named instance are its own (`pack.Class@instance:name`)."""
    owner = class_name if instance is None else "%s@%s" % (class_name, instance)
    return DatastoreService(logger, pack, owner, api_url=api_url, auth_token=auth_token)
