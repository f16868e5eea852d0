"""Runs what every fork runs a few times, in the stem.

Python rewrites the code of functions that are called often into a faster form, and fills caches on first use. What is
done here once is shared by all forks; otherwise each of them would do it again, in pages that it has to copy for that.
"""

import gc
import io
import json
import logging
import os

from python_runner.execution import perform
from python_runner.forked import replace_environment
from python_runner.loader import takes_service
from st2common.runners.base_action import Action

__all__ = ["rehearse"]

# Python 3.11 and newer look at a function again after its eighth call; 3.13 after some more.
TIMES = 20


def rehearse():
    class Rehearsal(Action):
        def run(self, **parameters):
            return parameters

    job = {
        "pack": "rehearsal",
        "config_path": "",
        "config": {},
        "log_level": "DEBUG",
        "parameters": {"text": "a", "number": 1, "list": [1.5, None, True], "object": {"a": "b"}},
    }
    text = json.dumps(job).encode("ascii")
    now = dict(os.environ)
    other = dict(now, SQUALL_REHEARSAL="1")
    for _ in range(TIMES):
        replace_environment(now, other)
        replace_environment(other, now)
        perform(Rehearsal, json.loads(text), io.BytesIO().write, takes_service(Rehearsal))
    # Nothing of it stays: not the class, not its logger.
    logging.Logger.manager.loggerDict.pop("actions.python.Rehearsal", None)
    del Rehearsal
    gc.collect()
