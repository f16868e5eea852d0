"""The old place of `st2common.runners.utils`."""

from st2common.runners.utils import get_action_class_instance, get_logger_for_python_runner_action

__all__ = ["get_action_class_instance", "get_logger_for_python_runner_action"]
