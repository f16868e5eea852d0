"""One run of an action in this process: what a fresh interpreter and a fork of a warm one have in common."""

import os
import sys

from python_runner.action_service import ActionService
from python_runner.answer import InvalidStatus, encode_answer
from python_runner.config import ActionConfig
from python_runner.loader import make_action
from st2common import log
from st2common.runners import base_action

__all__ = ["INVALID_STATUS_EXIT", "perform", "without_own_folder"]

INVALID_STATUS_EXIT = 220


def without_own_folder(paths):
    """`sys.path` without this folder, which Python puts there by itself: its modules are no business of the action's."""
    here = os.path.dirname(os.path.abspath(__file__))
    return [path for path in paths if os.path.abspath(path) != here]


def perform(action_class, job, send, takes=None):
    """Makes the action, runs it and gives the bytes of its answer to `send`. Exits on a status that is no bool.

    `takes` is what `takes_service` says of the class, where that is known.
    """
    base_action.log_level = job["log_level"]
    logger = log.get_action_logger(action_class.__name__, job["log_level"])
    service = ActionService(logger, job["pack"], action_class.__name__)
    config = ActionConfig(job["pack"], job["config_path"], job["config"])
    action = make_action(action_class, config, service, takes)
    returned = action.run(**job["parameters"])
    try:
        answer = encode_answer(returned)
    except InvalidStatus as e:
        sys.stderr.write("%s\n" % (e,))
        sys.exit(INVALID_STATUS_EXIT)
    send(answer)
