"""The base class of Python actions."""

import abc

from st2common import log

__all__ = ["Action"]

# The level of the action that this process runs; set by whoever runs it.
log_level = "DEBUG"


class Action(metaclass=abc.ABCMeta):
    """Subclass it and define `run(**parameters)`.

    `run` returns the result, or a tuple `(succeeded, result)` with a bool first.
    """

    description = None

    def __init__(self, config=None, action_service=None):
        # `or {}` would replace an empty configuration, whose missing keys are reported with the pack's name.
        self.config = {} if config is None else config
        self.action_service = action_service
        self.logger = log.get_action_logger(type(self).__name__, log_level)

    @abc.abstractmethod
    def run(self, **kwargs):
        """Does the action's work."""
