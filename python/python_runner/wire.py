"""How the processes of a fork server speak with the server that started it: lines of JSON over Unix sockets.

The server listens on a socket file and removes it at once; whoever may connect does so through a descriptor of that file
which the fork server opened before (see `door`). So nothing of it is left in the file system, whatever dies when.
"""

import json
import os
import socket

__all__ = ["Lines", "connect", "door"]


def door(pid, fd):
    """The path under which the removed socket file can still be reached: a descriptor of a process of ours."""
    return "/proc/%d/fd/%d" % (pid, fd)


def connect(path, greeting):
    """A connection to the server that has said who it is for."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.connect(path)
    line.sendall(greeting.encode("ascii") + b"\n")
    return line


class Lines(object):
    """One end of a connection that carries a JSON value on each line."""

    def __init__(self, line):
        self._line = line
        self._rest = b""

    def fileno(self):
        return self._line.fileno()

    def send(self, message):
        self._line.sendall(json.dumps(message).encode("ascii") + b"\n")

    def receive(self):
        """The messages that have come, waiting for at least some bytes; None when the other end is gone."""
        try:
            bytes_ = self._line.recv(65536)
        except ConnectionError:
            return None
        if not bytes_:
            return None
        *whole, self._rest = (self._rest + bytes_).split(b"\n")
        return [json.loads(one) for one in whole]

    def close(self):
        os.close(self._line.detach())
