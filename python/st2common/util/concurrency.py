"""Threads under the names that StackStorm uses for eventlet's and gevent's."""

import subprocess
import threading
import time

__all__ = [
    "cancel",
    "get_concurrency_library",
    "get_greenlet_exit_exception_class",
    "get_subprocess_module",
    "kill",
    "sleep",
    "spawn",
    "subprocess_popen",
    "wait",
]


class _Thread(threading.Thread):
    """A thread that keeps what its function returned or raised."""

    def __init__(self, func, args, kwargs):
        super().__init__(daemon=True)
        self._work = (func, args, kwargs)
        self._answer = None
        self._error = None
        self.start()

    def run(self):
        func, args, kwargs = self._work
        try:
            self._answer = func(*args, **kwargs)
        except BaseException as e:  # given to whoever waits
            self._error = e

    def wait(self, timeout=None):
        self.join(timeout)
        if self._error is not None:
            raise self._error
        return self._answer


def get_concurrency_library():
    return "threading"


def get_subprocess_module():
    return subprocess


def subprocess_popen(*args, **kwargs):
    return subprocess.Popen(*args, **kwargs)


def spawn(func, *args, **kwargs):
    """Runs it in a thread; `wait` gives what it returned."""
    return _Thread(func, args, kwargs)


def wait(green_thread, *args, **kwargs):
    return green_thread.wait(*args, **kwargs)


def cancel(green_thread, *args, **kwargs):
    """Does nothing: a thread cannot be stopped from outside. It does not keep the process alive."""


kill = cancel


def sleep(*args, **kwargs):
    time.sleep(*args, **kwargs)


def get_greenlet_exit_exception_class():
    return SystemExit
