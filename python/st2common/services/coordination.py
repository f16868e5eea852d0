"""Locks by name, between all actions and sensors of this machine."""

import hashlib
import os
import stat
import tempfile
import threading

__all__ = ["LockAcquireError", "get_coordinator", "get_driver_name"]


class LockAcquireError(RuntimeError):
    """Somebody else holds it."""


class _Lock(object):
    """`with coordinator.get_lock(name):`, or `acquire` and `release`. The system releases it when the process ends."""

    def __init__(self, name):
        self.name = name
        self._file = None
        self._mine = threading.Lock()

    @property
    def acquired(self):
        return self._file is not None

    def acquire(self, blocking=True):
        """True when this process holds it; False, without `blocking`, when somebody else does."""
        import fcntl

        if not self._mine.acquire(blocking):
            return False
        name = self.name if isinstance(self.name, bytes) else str(self.name).encode("utf-8")
        file = open(os.path.join(_folder(), hashlib.sha256(name).hexdigest()), "a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
        except BaseException as e:
            file.close()
            self._mine.release()
            if isinstance(e, BlockingIOError):
                return False
            raise
        self._file = file
        return True

    def release(self):
        if self._file is None:
            return False
        file, self._file = self._file, None
        file.close()
        self._mine.release()
        return True

    def __enter__(self):
        if not self.acquire():
            raise LockAcquireError("the lock %s is held by somebody else" % (self.name,))
        return self

    def __exit__(self, *args):
        self.release()


class _Coordinator(object):
    def get_lock(self, name):
        return _Lock(name)

    def start(self, start_heart=False):
        """Does nothing: there is nothing to connect to."""

    def stop(self):
        """Does nothing."""


_COORDINATOR = _Coordinator()


def get_coordinator(start_heart=True, use_cache=True):
    return _COORDINATOR


def get_driver_name():
    return "file"


def _folder():
    """A folder of this user's alone: in a shared temporary folder others could hold our locks."""
    path = os.path.join(tempfile.gettempdir(), "squall-locks-%d" % os.getuid())
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        found = os.lstat(path)
        if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o077:
            raise PermissionError("%s is not a folder of this user's alone; remove it" % (path,)) from None
    return path
