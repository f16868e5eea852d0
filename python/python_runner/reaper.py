"""Waits for connections and for children at the same time."""

import os
import select
import signal

__all__ = ["Reaper"]


class Reaper(object):
    """Wakes on the death of a child through a pipe that the signal SIGCHLD writes to."""

    def __init__(self):
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._poll = select.poll()
        self._poll.register(self._read, select.POLLIN)

    def watch(self, fd):
        self._poll.register(fd, select.POLLIN)

    def forget(self, fd):
        self._poll.unregister(fd)

    def wait(self, seconds=None):
        """The watched descriptors that have something to read; empty when a child died or the time is over."""
        ready = [fd for fd, _ in self._poll.poll(None if seconds is None else max(0, int(seconds * 1000)))]
        if self._read in ready:
            ready.remove(self._read)
            os.read(self._read, 4096)
        return ready

    @staticmethod
    def dead():
        """Pid and exit status, as Python counts it, of every child that has ended since the last call."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            yield pid, os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)

    def close(self):
        """In a child: the signal is the action's own again."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._read)
        os.close(self._write)


def _nothing(number, frame):
    """The wake-up descriptor tells; the handler only has to be there."""
