"""A process that has imported one action's module and forks for each of its executions.

To the server: {"ready": ...} or {"fresh": why} once, then for each {"run": token} first nothing, {"stale": token} or
{"failed": token, "error": why}, and {"ended": token, "status": n} for those that were forked.

Z1: it never sees a job: what a fork has in memory could be read by all later ones.
Z2: it runs no code of the pack after the import.
Z3: nothing it forked outlives it: when the server is gone it ends what runs, and when it is killed its forks are as well.
"""

import gc
import os
import signal
import sys
import sysconfig
import time

from python_runner.forked import run_forked
from python_runner.import_watch import ImportWatch, NotForkable
from python_runner.linux import die_with_parent
from python_runner.loader import load_action_class, takes_service
from python_runner.reaper import Reaper
from python_runner.wire import Lines, connect, door

__all__ = ["run_zygote"]

# Found by Python itself at its start, wherever they are; a fork is past that.
START_MODULES = {"sitecustomize", "usercustomize"}


class Warm(object):
    """What the forks of a zygote start from."""

    def __init__(self, request, mark, way_in):
        self.mark = mark
        self.way_in = way_in
        self.pid = os.getpid()
        self.door = door(self.pid, way_in)
        self.environment = request["environment"]
        # Known after the import: the class and how it is made, what the import did, and what os.environ is now.
        self.action_class = None
        self.takes = None
        self.watch = None
        self.now = None


def run_zygote(request, mark, way_in):
    """The whole life of a zygote in a process that was just forked; its end is the process's."""
    stem = os.getppid()
    os.setsid()
    die_with_parent(signal.SIGKILL, stem)
    warm = Warm(request, mark, way_in)
    control = connect(warm.door, "Z " + request["token"])
    lines = Lines(control)
    try:
        files = _import(warm, request)
    except NotForkable as e:
        lines.send({"fresh": str(e)})
        return
    die_with_parent(0, stem)
    lines.send(
        {
            "ready": {
                "reads": warm.watch.reads,
                "printed": bool(warm.watch.stdout or warm.watch.stderr),
            }
        }
    )
    # What is here now stays: forks need not look at it for garbage, and so do not copy it.
    gc.collect()
    gc.freeze()
    _serve(warm, lines, files, request["grace"])


def _import(warm, request):
    folders = request["path"]
    _refuse_shadows(folders)
    at = sys.path.index(request["sdk"]) if request["sdk"] in sys.path else 0
    sys.path[at:at] = folders
    before = set(sys.modules)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    action = os.path.abspath(request["file"])
    watched = {action: _signature(action)}
    error = None
    with ImportWatch() as watch:
        try:
            warm.action_class = load_action_class(request["file"])
            warm.takes = takes_service(warm.action_class)
        except BaseException as e:  # also sys.exit: whatever it is, a fresh interpreter will say it in its own way
            error = e
    if error is not None:
        raise NotForkable("its import fails (%s)" % type(error).__name__)
    watch.check()
    warm.watch = watch
    warm.now = dict(os.environ)
    # Forks have an empty stdin, whatever the import did to it.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for path in _files_of(set(sys.modules) - before) | _folders(folders):
        watched.setdefault(path, _signature(path))
    return watched


def _refuse_shadows(folders):
    """A fresh interpreter would prefer a pack's own `json.py` on PYTHONPATH; here Python's is loaded already."""
    for folder in folders:
        try:
            names = {name.split(".")[0] for name in os.listdir(folder)}
        except OSError:
            continue
        taken = names & (START_MODULES | set(sys.modules))
        if taken:
            raise NotForkable("%s has a module with the name of one of Python's (%s)" % (folder, min(taken)))


def _files_of(names):
    """The files of these modules but for Python's own, which do not change."""
    own = sysconfig.get_path("stdlib")
    found = set()
    for name in names:
        file = getattr(sys.modules.get(name), "__file__", None)
        if not isinstance(file, str):
            continue
        path = os.path.abspath(file)
        if not path.startswith(own) or "-packages" in path:
            found.add(path)
    return found


def _folders(folders):
    """Where a new file could be found before what was imported, or be found at last."""
    return {*folders, *(path for path in sys.path if path.endswith("-packages"))}


def _signature(path):
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)


def _serve(warm, lines, files, grace):
    reaper = Reaper()
    reaper.watch(lines.fileno())
    running = {}
    while True:
        ready = reaper.wait()
        for pid, status in reaper.dead():
            _tell(lines, {"ended": running.pop(pid, None), "status": status})
        if not ready:
            continue
        messages = lines.receive()
        if messages is None:
            return _end(reaper, running, grace)
        for message in messages:
            token = message["run"]
            if any(_signature(path) != known for path, known in files.items()):
                _tell(lines, {"stale": token})
                continue
            try:
                pid = os.fork()
            except OSError as e:
                _tell(lines, {"failed": token, "error": str(e)})
                continue
            if pid == 0:
                run_forked(warm, token, [reaper, lines])
            running[pid] = token


def _tell(lines, message):
    try:
        lines.send(message)
    except OSError:
        pass  # the server is gone, which the next look at the connection tells


def _end(reaper, running, grace):
    """Z3. The executions' own descendants carry their mark and are ended when a server starts on the same data."""
    _signal_all(running, signal.SIGTERM)
    until = time.monotonic() + grace
    while running and time.monotonic() < until:
        reaper.wait(until - time.monotonic())
        for pid, _ in reaper.dead():
            running.pop(pid, None)
    _signal_all(running, signal.SIGKILL)


def _signal_all(running, number):
    for pid in running:
        for target in (os.killpg, os.kill):
            try:
                target(pid, number)
                break
            except OSError:
                pass  # it has no group yet, or is gone
