"""Modules and classes out of files."""

import importlib.util
import inspect
import os
import sys

__all__ = ["load_module", "register_plugin", "register_plugin_class"]


def load_module(module_name, module_path):
    """Runs the file as the module."""
    spec = importlib.util.spec_from_file_location(module_name, module_path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return module


def register_plugin(plugin_base_class, plugin_abs_file_path):
    """The classes of the file that have all methods of the base class, in a list."""
    folder, file_name = os.path.split(os.path.abspath(plugin_abs_file_path))
    if folder not in sys.path:
        sys.path.append(folder)
    module = load_module(os.path.splitext(file_name)[0], plugin_abs_file_path)
    found = [
        one
        for _, one in inspect.getmembers(module, inspect.isclass)
        if one.__module__ == module.__name__ and issubclass(one, plugin_base_class)
    ]
    if not found:
        raise Exception(
            'Found no classes in plugin file "%s" matching requirements: a subclass of %s'
            % (plugin_abs_file_path, plugin_base_class.__name__)
        )
    return found


def register_plugin_class(plugin_base_class, file_path, class_name):
    """The one class of that name."""
    for one in register_plugin(plugin_base_class, file_path):
        if one.__name__ == class_name:
            return one
    raise Exception('Plugin file "%s" has no class "%s"' % (file_path, class_name))
