"""Finds the sensor class in a pack's file."""

import importlib.util
import os
import sys

__all__ = ["load_sensor_class"]


def load_sensor_class(path, class_name):
    """The class of this name in the file. Raises what importing the file raises, or ImportError that says what is there."""
    if not os.path.isfile(path):
        raise FileNotFoundError("the sensor's file %s does not exist" % (path,))
    folder = os.path.dirname(os.path.abspath(path))
    # Last, so that a sensor called json.py does not replace Python's own module.
    if folder not in sys.path:
        sys.path.append(folder)
    name = os.path.splitext(os.path.basename(path))[0]
    if name in sys.modules:
        name = "squall_sensor_" + name
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise ImportError("the sensor's file %s is not a Python source file" % (path,))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        classes = [one for one, value in vars(module).items() if isinstance(value, type) and value.__module__ == name]
        there = "it defines " + ", ".join(sorted(classes)) if classes else "it defines no class"
        raise ImportError("%s has no class %s, which the sensor's metadata names; %s" % (path, class_name, there))
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise ImportError("%s in %s lacks %s, which every sensor has" % (class_name, path, ", ".join(missing)))
    return found
