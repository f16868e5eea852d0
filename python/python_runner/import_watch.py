"""Sees what an import did besides importing: what forks of the process would not have, or would have in common."""

import os
import signal
import stat
import sys
import threading

__all__ = ["ImportWatch", "NotForkable"]

# What an import may print; it is printed again in every fork.
MOST_OUTPUT = 64 * 1024
# Their patches of os, socket and select reach into what the fork server itself does.
PATCHERS = ("gevent", "eventlet")
OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class NotForkable(Exception):
    """The module wants an interpreter of its own. The message says what it did."""


class ImportWatch(object):
    """Used as `with ImportWatch() as watch: import_it()`, then `watch.check()`.

    Raises NotForkable for threads, child processes, sockets and other open descriptors, signal handlers, timers and
    another working directory. Keeps what was printed (`stdout`, `stderr`), which variables were read (`reads`: names, or
    None for all) and which were changed (`changes`: name to value, None for a removed one).
    """

    def __enter__(self):
        self._fds = _descriptors()
        self._signals = _handlers()
        self._folder = os.getcwd()
        self._umask = _umask()
        self._before = dict(os.environ)
        self._plain = os.environ._data
        self._watched = _Watched(self._plain)
        os.environ._data = self._watched
        self._files = [os.memfd_create("stdout"), os.memfd_create("stderr")]
        self._kept = [os.dup(1), os.dup(2)]
        for fd, file in zip((1, 2), self._files):
            os.dup2(file, fd)
        return self

    def __exit__(self, *_):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # the module may have put anything there
                pass
        for fd, kept in zip((1, 2), self._kept):
            os.dup2(kept, fd)
            os.close(kept)
        self._plain.clear()
        self._plain.update(dict.items(self._watched))
        os.environ._data = self._plain
        self.stdout, self.stderr = [_content(file) for file in self._files]
        self.reads = None if self._watched.all_read else sorted(map(os.fsdecode, self._watched.names))
        after = dict(os.environ)
        self.changes = {
            name: after.get(name) for name in {*self._before, *after} if self._before.get(name) != after.get(name)
        }

    def check(self):
        if len(os.listdir("/proc/self/task")) > 1:
            raise NotForkable("its import starts threads")
        # A fork takes threads that have not been started for dead ones.
        if any(thread is not threading.main_thread() for thread in threading._dangling):
            raise NotForkable("its import makes threads")
        try:
            os.waitpid(-1, os.WNOHANG)
            raise NotForkable("its import starts processes")
        except ChildProcessError:
            pass
        opened = [fd for fd in _descriptors() - self._fds if not _is_harmless(fd)]
        if opened:
            raise NotForkable("its import opens descriptors (%s)" % ", ".join(sorted(map(_target, opened))))
        if _handlers() != self._signals:
            raise NotForkable("its import changes signal handlers")
        timers = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
        if any(signal.getitimer(timer)[0] > 0 for timer in timers):
            raise NotForkable("its import starts a timer")
        if os.getcwd() != self._folder or _umask() != self._umask:
            raise NotForkable("its import changes the working directory or the umask")
        if max(len(self.stdout), len(self.stderr)) > MOST_OUTPUT:
            raise NotForkable("its import prints more than %d bytes" % MOST_OUTPUT)
        for name in PATCHERS:
            # The SDK has a stand-in for eventlet, which patches nothing.
            file = getattr(sys.modules.get(name), "__file__", None)
            if file is not None and not os.path.abspath(file).startswith(OWN_FOLDER + os.sep):
                raise NotForkable("it imports %s" % name)


class _Watched(dict):
    """What `os.environ` keeps its variables in, remembering which of them were asked for."""

    def __init__(self, variables):
        super().__init__(variables)
        self.names = set()
        self.all_read = False

    def __getitem__(self, name):
        self.names.add(name)
        return super().__getitem__(name)

    def __contains__(self, name):
        self.names.add(name)
        return super().__contains__(name)

    def __iter__(self):
        self.all_read = True
        return super().__iter__()

    def __len__(self):
        self.all_read = True
        return super().__len__()


def _descriptors():
    folder = os.open("/proc/self/fd", os.O_RDONLY | os.O_DIRECTORY)
    try:
        return {int(name) for name in os.listdir(folder)} - {folder}
    finally:
        os.close(folder)


def _is_harmless(fd):
    """A file open for reading, or a device such as /dev/urandom: forks may have it in common."""
    try:
        mode = os.fstat(fd).st_mode
        if stat.S_ISCHR(mode):
            return True
        import fcntl

        return stat.S_ISREG(mode) and fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    except OSError:
        return True  # it was closed meanwhile


def _target(fd):
    try:
        return os.readlink("/proc/self/fd/%d" % fd)
    except OSError:
        return str(fd)


def _handlers():
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _content(file):
    try:
        size = os.fstat(file).st_size
        return os.pread(file, min(size, MOST_OUTPUT + 1), 0)
    finally:
        os.close(file)
