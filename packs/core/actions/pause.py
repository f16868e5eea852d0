import random
import time

from st2common.runners.base_action import Action


class PauseAction(Action):
    # `random` is the parameter's name in StackStorm, so the module goes by another one inside run().
    def run(self, max_pause, random=False):
        seconds = pick(max_pause) if random else max_pause
        time.sleep(seconds)
        return {"paused": seconds}


def pick(most):
    return random.uniform(0, most)
