"""Runs one Python action in this process, a fresh interpreter.

In: a JSON object on stdin: pack, file, parameters, config, config_path, user, log_level.
Out: the answer (see answer.py) on descriptor 3, so that nothing the action prints can be taken for it.
Exit status: 0 done, 1 uncaught exception, 220 a status that is no bool, or whatever the action exits with.
"""

import json
import os
import sys

ANSWER_FD = 3


def main():
    # What the action starts must neither write answers nor keep the runner waiting for one.
    os.set_inheritable(ANSWER_FD, False)
    from python_runner.execution import perform, without_own_folder
    from python_runner.loader import load_action_class

    sys.path[:] = without_own_folder(sys.path)
    job = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    perform(load_action_class(job["file"]), job, send)


def send(answer):
    with os.fdopen(ANSWER_FD, "wb") as out:
        out.write(answer)


if __name__ == "__main__":
    main()
