"""Runs one Python action in this process.

In: a JSON object on stdin: pack, file, parameters, config, config_path, user, log_level.
Out: the answer (see answer.py) on descriptor 3, so that nothing the action prints can be taken for it.
Exit status: 0 done, 1 uncaught exception, 220 a status that is no bool, or whatever the action exits with.
"""

import json
import os
import sys

ANSWER_FD = 3
INVALID_STATUS_EXIT = 220


def main():
    # What the action starts must neither write answers nor keep the runner waiting for one.
    os.set_inheritable(ANSWER_FD, False)
    # This file's folder, put there by Python itself: its modules are no business of the action's.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]

    from python_runner.action_service import ActionService
    from python_runner.answer import InvalidStatus, encode_answer
    from python_runner.config import ActionConfig
    from python_runner.loader import load_action_class, make_action
    from st2common import log
    from st2common.runners import base_action

    job = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    base_action.log_level = job["log_level"]

    action_class = load_action_class(job["file"])
    logger = log.get_action_logger(action_class.__name__, job["log_level"])
    service = ActionService(logger, job["pack"], action_class.__name__)
    config = ActionConfig(job["pack"], job["config_path"], job["config"])
    action = make_action(action_class, config, service)

    returned = action.run(**job["parameters"])
    try:
        answer = encode_answer(returned)
    except InvalidStatus as e:
        sys.stderr.write("%s\n" % (e,))
        sys.exit(INVALID_STATUS_EXIT)
    with os.fdopen(ANSWER_FD, "wb") as out:
        out.write(answer)


if __name__ == "__main__":
    main()
