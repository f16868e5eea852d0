"""One execution of an action, in a fork of the process that has imported its module.

F1: it asks for its job itself, on a connection of its own; without one (the server does not want it any more) it does nothing.
    It gets one when the connections for its output are there as well.
F2: what it prints goes from descriptors 1 and 2 straight to the server.
F3: its answer goes out on the connection the job came on, and on a new one if the action closed or replaced that.
F4: it ends as an interpreter does: threads are awaited, exit handlers run, the status is that of Python.
"""

import atexit
import json
import os
import signal
import socket
import sys
import threading
import time

from python_runner.execution import perform
from python_runner.linux import die_with_parent
from python_runner.wire import connect

__all__ = ["replace_environment", "run_forked"]


def run_forked(warm, token, inherited):
    """Never returns."""
    status = 1
    try:
        os.setsid()
        die_with_parent(signal.SIGKILL, warm.pid)
        for one in inherited:
            one.close()
        os.close(warm.way_in)
        try:
            line = connect(warm.door, "J %s %d" % (token, os.getpid()))
            streams = [connect(warm.door, kind + " " + token) for kind in "OE"]
            job = _read_job(line)
        except ConnectionError:
            job = None
        if job is None:
            os._exit(0)
        warm.mark.write(job["mark"])
        for fd, stream in zip((1, 2), streams):
            os.dup2(stream.fileno(), fd)
            stream.close()
        _prepare(warm, job)
        status = _run(warm, job, Answer(line, warm.door, token))
    except BaseException:  # what is wrong here is ours; the traceback is the only thing to tell it with
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _read_job(line):
    chunks = []
    while True:
        chunk = line.recv(1 << 20)
        if not chunk:
            break
        chunks.append(chunk)
    return json.loads(b"".join(chunks)) if chunks else None


def _prepare(warm, job):
    environment = dict(job["environment"])
    for name, value in warm.watch.changes.items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    replace_environment(warm.now, environment)
    if environment.get("TZ") != warm.environment.get("TZ"):
        time.tzset()
    if job["memory"] is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (job["memory"], job["memory"]))
    for fd, text in ((1, warm.watch.stdout), (2, warm.watch.stderr)):
        while text:
            text = text[os.write(fd, text) :]
    # The module `random` sees to itself; numpy, where a module has imported it, does not.
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def replace_environment(now, environment):
    """Makes `os.environ`, which is `now`, and what children get, into `environment`."""
    for name in now:
        if name not in environment:
            del os.environ[name]
    for name, value in environment.items():
        if now.get(name) != value:
            os.environ[name] = value


class Answer(object):
    """Sends what the action returned."""

    def __init__(self, line, door, token):
        self._line = line
        self._door = door
        self._token = token
        self._pid = os.getpid()
        self._identity = _identity(line)

    def __call__(self, answer):
        if os.getpid() != self._pid:
            return  # the action forked and both of them came back here
        if self._identity is None or _identity(self._line) != self._identity:  # F3
            # Whatever has that number now is not ours to close.
            self._line.detach()
            self._line = connect(self._door, "A " + self._token)
        self._line.sendall(answer)
        self._line.shutdown(socket.SHUT_WR)


def _identity(line):
    try:
        status = os.fstat(line.fileno())
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def _run(warm, job, answer):
    status = _status_of(lambda: perform(warm.action_class, job, answer, warm.takes))
    # F4: in the order of Python's own end.
    late = _status_of(_exit_handlers)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # the action closed it
            pass
    return status or late


def _exit_handlers():
    threading._shutdown()
    atexit._run_exitfuncs()


def _status_of(body):
    """The exit status that an interpreter whose main program is `body` would have."""
    try:
        body()
        return 0
    except SystemExit as e:
        if e.code is None:
            return 0
        if isinstance(e.code, int):
            return e.code & 0xFF
        sys.stderr.write("%s\n" % (e.code,))
        return 1
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
