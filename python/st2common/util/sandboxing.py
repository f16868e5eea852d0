"""The pack's interpreter."""

import os
import sys

__all__ = ["get_sandbox_path", "get_sandbox_python_binary_path", "get_sandbox_python_path", "is_in_virtualenv"]


def is_in_virtualenv():
    return sys.prefix != sys.base_prefix


def get_sandbox_python_binary_path(pack=None):
    return sys.executable


def get_sandbox_path(virtualenv_path):
    return os.pathsep.join([os.path.join(virtualenv_path, "bin"), os.environ.get("PATH", "")])


def get_sandbox_python_path(inherit_from_parent=True, inherit_parent_virtualenv=True):
    return os.environ.get("PYTHONPATH", "")
