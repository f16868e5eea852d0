"""Makes instances of action classes, for runners and for tests."""

from st2common import log

__all__ = ["get_action_class_instance", "get_logger_for_python_runner_action"]


def get_logger_for_python_runner_action(action_name, log_level="debug"):
    """The logger of a Python action, which writes to stderr."""
    return log.get_action_logger(action_name, log_level)


def get_action_class_instance(action_cls, config=None, action_service=None):
    """An instance; classes written before `action_service` existed get it as an attribute."""
    import inspect

    config = {} if config is None else config
    parameters = inspect.signature(action_cls.__init__).parameters
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    if takes_any or "action_service" in parameters:
        action = action_cls(config=config, action_service=action_service)
    else:
        action = action_cls(config=config)
    # Also for classes that take it and forget to hand it on.
    if getattr(action, "action_service", None) is None:
        action.action_service = action_service
    return action
