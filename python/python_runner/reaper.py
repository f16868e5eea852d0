"""Waits for connections and for children at the same time."""

import os
import select
import signal

__all__ = ["Reaper"]


# A service manager sends these to all processes of the service at once, a terminal to all of a group. What ends then, and
# when, is the server's to decide: it drains. Its end is told by the connection's.
NOT_OURS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Reaper(object):
    """Wakes on the death of a child through a pipe that the signal SIGCHLD writes to."""

    def __init__(self):
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._handlers = {number: signal.signal(number, signal.SIG_IGN) for number in NOT_OURS}
        self._handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._poll = select.poll()
        self._poll.register(self._read, select.POLLIN)

    def watch(self, fd):
        self._poll.register(fd, select.POLLIN)

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
        """In a child: the signals are the action's own again."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)


def _nothing(number, frame):
    """The wake-up descriptor tells; the handler only has to be there."""
