"""Finds the action class in a pack's file."""

import importlib.util
import inspect
import os
import sys

from st2common.runners.base_action import Action

__all__ = ["load_action_class", "make_action", "takes_service"]


def load_action_class(path):
    """The first (by name) subclass of Action that the file defines."""
    if not os.path.isfile(path):
        raise FileNotFoundError("the action's file %s does not exist" % (path,))
    folder = os.path.dirname(os.path.abspath(path))
    # Last, so that an action called json.py does not replace Python's own module.
    if folder not in sys.path:
        sys.path.append(folder)
    name = os.path.splitext(os.path.basename(path))[0]
    if name in sys.modules:
        name = "squall_action_" + name
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise ImportError("the action's file %s is not a Python source file" % (path,))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    for _, one in inspect.getmembers(module, inspect.isclass):
        if one.__module__ == name and issubclass(one, Action) and not inspect.isabstract(one):
            return one
    raise ImportError(
        "%s defines no action: it needs a subclass of st2common.runners.base_action.Action with a run method" % (path,)
    )


def takes_service(action_class):
    """Whether the class can be made with an `action_service`; those written before it existed cannot."""
    parameters = inspect.signature(action_class.__init__).parameters
    return "action_service" in parameters or any(
        one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()
    )


def make_action(action_class, config, action_service, takes=None):
    """An instance; a class that does not take the service gets it as an attribute. `takes` saves finding that out."""
    if takes_service(action_class) if takes is None else takes:
        return action_class(config=config, action_service=action_service)
    action = action_class(config=config)
    action.action_service = action_service
    return action
