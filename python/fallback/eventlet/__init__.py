"""What packs use of the package `eventlet`, which StackStorm ran their code under: by threads.

Nothing is patched, nothing has to be: a sensor or action is a process of its own. Where a pack needs more than this, it names
`eventlet` in its requirements.txt, and gets that.
"""

import concurrent.futures
import importlib
import queue as _queue
import sys
import threading
import time

__all__ = [
    "Event",
    "GreenPile",
    "GreenPool",
    "GreenThread",
    "Queue",
    "Semaphore",
    "kill",
    "monkey_patch",
    "sleep",
    "spawn",
    "spawn_after",
    "spawn_n",
]

__version__ = "0.0.squall"

Queue = _queue.Queue
Semaphore = threading.Semaphore


def sleep(seconds=0):
    time.sleep(seconds)


def monkey_patch(*args, **on):
    """Does nothing."""


class GreenThread(object):
    """A thread that keeps what its function returns or raises, for `wait`."""

    def __init__(self, delay, func, args, kwargs):
        self._future = concurrent.futures.Future()
        self._canceled = threading.Event()
        self._work = (delay, func, args, kwargs)
        # A daemon, as a green thread does not keep its process alive either.
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        delay, func, args, kwargs = self._work
        if self._canceled.wait(delay) or not self._future.set_running_or_notify_cancel():
            return
        try:
            self._future.set_result(func(*args, **kwargs))
        except BaseException as e:  # raised by wait
            self._future.set_exception(e)

    def wait(self):
        return self._future.result()

    def link(self, func, *args, **kwargs):
        self._future.add_done_callback(lambda future: func(self, *args, **kwargs))

    def cancel(self, *throw_args):
        """Stops it if it did not begin."""
        self._future.cancel()
        self._canceled.set()

    kill = cancel

    @property
    def dead(self):
        return self._future.done()


def spawn(func, *args, **kwargs):
    return GreenThread(0, func, args, kwargs)


spawn_n = spawn


def spawn_after(seconds, func, *args, **kwargs):
    return GreenThread(seconds, func, args, kwargs)


def kill(thread, *throw_args):
    """Stops it if it did not begin; a thread that runs cannot be stopped from outside."""
    thread.kill(*throw_args)


class GreenPool(object):
    """At most `size` functions at once; `spawn` waits for a place."""

    def __init__(self, size=1000):
        self.size = size
        self._places = threading.Semaphore(size)
        self._running = set()
        self._lock = threading.Lock()

    def spawn(self, func, *args, **kwargs):
        self._places.acquire()
        thread = spawn(func, *args, **kwargs)
        with self._lock:
            self._running.add(thread)
        thread.link(self._done)
        return thread

    def _done(self, thread):
        with self._lock:
            self._running.discard(thread)
        self._places.release()

    spawn_n = spawn

    def running(self):
        with self._lock:
            return len(self._running)

    def free(self):
        return self.size - self.running()

    def waitall(self):
        """Until nothing runs. What a function raised is its own affair."""
        while True:
            with self._lock:
                running = list(self._running)
            if not running:
                return
            for thread in running:
                try:
                    thread.wait()
                except Exception:  # whoever spawned it has it from wait
                    continue

    def imap(self, func, *iterables):
        return iter([thread.wait() for thread in [self.spawn(func, *each) for each in zip(*iterables)]])

    def starmap(self, func, iterable):
        return iter([thread.wait() for thread in [self.spawn(func, *each) for each in iterable]])


class GreenPile(object):
    """A pool whose results are iterated over, in the order of the spawns."""

    def __init__(self, size_or_pool=1000):
        self.pool = size_or_pool if isinstance(size_or_pool, GreenPool) else GreenPool(size_or_pool)
        self._threads = []

    def spawn(self, func, *args, **kwargs):
        self._threads.append(self.pool.spawn(func, *args, **kwargs))

    def __iter__(self):
        return self

    def __next__(self):
        if not self._threads:
            raise StopIteration
        return self._threads.pop(0).wait()


class Event(object):
    """Something that is sent once and waited for by many."""

    def __init__(self):
        self._future = concurrent.futures.Future()

    def ready(self):
        return self._future.done()

    def send(self, result=None, exc=None):
        if exc is not None:
            self._future.set_exception(exc)
        else:
            self._future.set_result(result)

    def send_exception(self, *args):
        self._future.set_exception(args[0] if isinstance(args[0], BaseException) else args[1])

    def wait(self, timeout=None):
        try:
            return self._future.result(timeout)
        except concurrent.futures.TimeoutError:
            return None


class Timeout(BaseException):
    """Needs the real thing: a thread cannot be interrupted."""

    def __init__(self, seconds=None, exception=None):
        raise RuntimeError("eventlet.Timeout needs the package eventlet; add it to the pack's requirements.txt")


def __getattr__(name):
    raise AttributeError(
        "the stand-in for eventlet has no %s; add the package eventlet to the pack's requirements.txt" % (name,)
    )


_MODULES = {
    "event": {"Event": Event},
    # Libraries ask whether they run under eventlet; they do not.
    "patcher": {
        "import_patched": importlib.import_module,
        "is_monkey_patched": lambda module: False,
        "monkey_patch": monkey_patch,
        "original": importlib.import_module,
    },
    "greenpool": {"GreenPool": GreenPool, "GreenPile": GreenPile},
    "greenthread": {
        "GreenThread": GreenThread,
        "sleep": sleep,
        "spawn": spawn,
        "spawn_n": spawn_n,
        "spawn_after": spawn_after,
    },
    "queue": vars(_queue),
    "semaphore": {"Semaphore": threading.Semaphore},
}
for _name, _content in _MODULES.items():
    _module = type(sys)("eventlet." + _name)
    _module.__dict__.update({key: value for key, value in _content.items() if not key.startswith("__")})
    sys.modules["eventlet." + _name] = _module
    globals()[_name] = _module
