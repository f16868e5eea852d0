"""Stand-ins for the modules of StackStorm's server that pack code imports now and then.

Many packs import such a module and hardly use it, so the import succeeds. Whatever is done with a thing of it raises
`RuntimeError` with what to use instead.
"""

import importlib.abc
import importlib.machinery

__all__ = ["ServerOnly", "find_spec"]

CLIENT = "st2client.client.Client"

# Module prefix -> what does the same in an action or sensor. The longest prefix counts.
INSTEAD = {
    "st2common.bootstrap": "`squall pack register`, or %s().packs.register" % CLIENT,
    "st2common.cmd": "the command line of Squall",
    "st2common.config": "the pack's configuration: self.config",
    "st2common.database_setup": "the API: %s" % CLIENT,
    "st2common.fields": "plain attributes",
    "st2common.garbage_collection": "the command line of Squall",
    "st2common.metrics": "a metrics library of the pack's own",
    "st2common.middleware": "the API: %s" % CLIENT,
    "st2common.models.api": "st2client.models",
    "st2common.models.db": "st2client.models",
    "st2common.persistence": "the managers of %s: rules, actions, executions, keys, triggertypes ..." % CLIENT,
    "st2common.persistence.keyvalue": "self.action_service.get_value() and set_value()",
    "st2common.policies": "%s().policies" % CLIENT,
    "st2common.rbac": "%s().get_user_info()" % CLIENT,
    "st2common.router": "the API: %s" % CLIENT,
    "st2common.script_setup": "the environment of the action; nothing has to be set up",
    "st2common.service_setup": "the environment of the action; nothing has to be set up",
    "st2common.services": "the managers of %s" % CLIENT,
    "st2common.services.access": "%s().tokens, or the execution's own token in ST2_AUTH_TOKEN" % CLIENT,
    "st2common.services.action": "%s().executions" % CLIENT,
    "st2common.services.executions": "%s().executions" % CLIENT,
    "st2common.services.inquiry": "%s().inquiries" % CLIENT,
    "st2common.services.packs": "%s().packs" % CLIENT,
    "st2common.services.rules": "%s().rules" % CLIENT,
    "st2common.services.sensor_watcher": "%s().sensors" % CLIENT,
    "st2common.services.trace": "%s().trace" % CLIENT,
    "st2common.services.trigger_dispatcher": "sensor_service.dispatch(), or %s().webhooks.post_generic_webhook()"
    % CLIENT,
    "st2common.services.triggers": "%s().triggertypes" % CLIENT,
    "st2common.services.triggerwatcher": "add_trigger(), update_trigger() and remove_trigger() of the sensor",
    "st2common.services.workflows": "%s().executions" % CLIENT,
    "st2common.signal_handlers": "Python's module signal",
    "st2common.transport": "sensor_service.dispatch(), or %s().webhooks.post_generic_webhook()" % CLIENT,
    "st2common.triggers": "%s().triggertypes" % CLIENT,
    "st2common.util.action_db": "%s().actions and %s().executions" % (CLIENT, CLIENT),
    "st2common.util.pack_management": "%s().packs.install()" % CLIENT,
    "st2common.util.queues": "sensor_service.dispatch()",
    "st2common.util.virtualenvs": "the action packs.setup_virtualenv",
    "st2common.validators": "%s; the API checks what it is given" % CLIENT,
    "st2actions.container": "%s().executions" % CLIENT,
    "st2actions.runners": "a runner of Squall: `squall runner list`",
    "st2reactor.rules": "%s().rules" % CLIENT,
    "st2reactor.timer": "a rule with a timer trigger",
    "st2reactor.container": "sensor_service, which every sensor is given",
    "st2tests.fixtures": "the pack's own tests/fixtures",
    "st2tests.fixturesloader": "get_fixture_content() of the test case, with the pack's own tests/fixtures",
}


def find_spec(name):
    """A stand-in's spec; raises `ModuleNotFoundError` for what StackStorm's packs have no reason to import."""
    prefix = _prefix(name)
    if prefix is None:
        raise ModuleNotFoundError(
            "Squall has no module %s. Of StackStorm's modules it has those that packs need to talk to the API (%s), the "
            "datastore (self.action_service, sensor_service), logs (st2common.log) and a few tools (st2common.util)."
            % (name, CLIENT),
            name=name,
        )
    return importlib.machinery.ModuleSpec(name, _Loader(INSTEAD[prefix]), is_package=True)


def _prefix(name):
    while name:
        if name in INSTEAD:
            return name
        name = name.rpartition(".")[0]
    return None


class _Loader(importlib.abc.Loader):
    def __init__(self, instead):
        self._instead = instead

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        instead = self._instead

        def stand_in(name):
            if name.startswith("__"):
                raise AttributeError(name)
            return ServerOnly("%s.%s" % (module.__name__, name), instead)

        module.__getattr__ = stand_in


class ServerOnly(object):
    """Stands for something that only StackStorm's server has."""

    def __init__(self, name, instead):
        self.__dict__.update(_name=name, _instead=instead)

    def _refuse(self, *args, **kwargs):
        raise RuntimeError(
            "%s belongs to StackStorm's server and does not exist in Squall; use %s instead"
            % (self._name, self._instead)
        )

    __call__ = __iter__ = __getitem__ = __setattr__ = __enter__ = __len__ = __mro_entries__ = _refuse

    def __getattr__(self, name):
        # Python's own probing (copy, inspect, unittest) must see a plain object.
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def __repr__(self):
        return "<not in Squall: %s>" % (self._name,)
