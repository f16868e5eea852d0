"""The line to the server: JSON objects, one a line, on a socket that the process inherits.

C1  What the sensor prints cannot get in here: it is a descriptor of its own, and children do not inherit it.
C2  An event counts as dispatched when the server has said so, which it does once the event is durable. Until then
    `dispatch` waits; so a sensor that is too fast is slowed down, and nothing is lost in between.
C3  The reading thread only reads: it never runs code of the pack, which could wait for an answer that it has to read.

C4  Locks, reads and writes are the real ones, taken before the pack's code is there: a sensor that turns threads into
    eventlet's does so in its own code alone.

Every module imported here is memory that each sensor takes for itself; hence os.read instead of socket.
"""

import json
import os
import threading
from _thread import allocate_lock
from os import read as os_read
from os import write as os_write

__all__ = ["Channel", "TooLarge"]

READ_BYTES = 65536


class TooLarge(ValueError):
    """A message is longer than the server takes."""


class Channel(object):
    def __init__(self, descriptor):
        self._descriptor = descriptor
        os.set_inheritable(descriptor, False)  # C1
        # A forked child that dispatched would wait for an answer that its parent reads: it gets an error instead.
        os.register_at_fork(after_in_child=self._close)
        # The longest message that the server takes, in bytes.
        self.line_bytes = READ_BYTES
        self._sending = allocate_lock()
        self._waiting = {}
        self._last = 0
        self._lines = self._read_lines()

    def receive(self):
        """The next message; None when the server is gone."""
        return next(self._lines, None)

    def serve(self, on_message, on_gone):
        """Reads on in a thread of its own: answers go to who waits for them, everything else to `on_message`."""

        def read():
            for message in self._lines:
                if message.get("kind") == "answer":
                    waiting = self._waiting.pop(message.get("id"), None)
                    if waiting is not None:
                        waiting[1] = message
                        waiting[0].release()
                else:
                    on_message(message)
            on_gone()

        threading.Thread(target=read, name="squall-channel", daemon=True).start()

    def send(self, message):
        data = json.dumps(message, allow_nan=False).encode("ascii") + b"\n"
        if len(data) > self.line_bytes:
            raise TooLarge("it has %d bytes as JSON; %d is the most" % (len(data), self.line_bytes))
        with self._sending:
            if self._descriptor is None:
                raise OSError("only the process of the sensor itself speaks to the server, not one that it forked")
            while data:
                data = data[os_write(self._descriptor, data) :]

    def ask(self, message):
        """Sends, and waits for the answer (C2)."""
        answered = allocate_lock()
        answered.acquire()
        with self._sending:
            self._last += 1
            number = self._last
        waiting = self._waiting[number] = [answered, None]
        try:
            self.send(dict(message, id=number))
            answered.acquire()
        finally:
            self._waiting.pop(number, None)
        return waiting[1]

    def _close(self):
        if self._descriptor is None:
            return
        os.close(self._descriptor)
        self._descriptor = None
        # The one of the parent may have been held by a thread that is not here.
        self._sending = allocate_lock()

    def _read_lines(self):
        rest = b""
        while True:
            try:
                data = os_read(self._descriptor, READ_BYTES)
            except OSError:
                return
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield json.loads(line.decode("utf-8"))
