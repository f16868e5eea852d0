"""Lines that are added to files become events. Looks at the files' size and inode, so that it works everywhere alike."""

import os
import threading

from st2reactor.sensor.base import Sensor

# Seconds between two looks: a log's reader sees a line at most this late.
LOOK_SECONDS = 1.0
# What a line may have; a longer one is told of in parts.
LINE_BYTES = 1024 * 1024
# What is read of one file before the next one has its turn.
TURN_BYTES = 8 * 1024 * 1024


class Tail:
    """
    One file, from its end when it is there at first, from its start when it comes later, through rotations: one that is
    renamed is read to its end before the new one is, and one that was cut is read from its start again.
    """

    def __init__(self, path):
        self.path = path
        self._file = None
        self._rest = b""
        self._open(at_end=True)

    def lines(self):
        """The whole lines that came since the last call."""
        if self._file is None and not self._open():
            return
        yield from self._read()
        if self._was_replaced():
            # What was written to the old one between our last read of it and its end.
            yield from self._read()
            if self._rest:
                yield self._text(self._rest)
            self.close()
            if self._open():
                yield from self._read()

    def close(self):
        if self._file is not None:
            self._file.close()
            self._file = None
        self._rest = b""

    def _open(self, at_end=False):
        try:
            # Unbuffered: a buffer would go on giving what it read before the file was cut.
            self._file = open(self.path, "rb", buffering=0)
        except OSError:
            return False
        if at_end:
            self._file.seek(0, os.SEEK_END)
        return True

    def _read(self):
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)
            self._rest = b""
        left = TURN_BYTES
        while left > 0:
            chunk = self._file.read(min(left, LINE_BYTES))
            if not chunk:
                return
            left -= len(chunk)
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                yield self._text(line)
            if len(self._rest) >= LINE_BYTES:
                yield self._text(self._rest)
                self._rest = b""

    def _was_replaced(self):
        try:
            there = os.stat(self.path)
        except OSError:
            return False  # moved away, and no new one yet
        mine = os.fstat(self._file.fileno())
        return (there.st_ino, there.st_dev) != (mine.st_ino, mine.st_dev)

    @staticmethod
    def _text(line):
        return line.rstrip(b"\r").decode("utf-8", errors="replace")


class FileWatchSensor(Sensor):
    def __init__(self, sensor_service, config=None):
        super().__init__(sensor_service=sensor_service, config=config)
        self._logger = self.sensor_service.get_logger(__name__)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        # Of each trigger's ref: its path. Of each path: its tail.
        self._paths = {}
        self._tails = {}

    def setup(self):
        pass

    def run(self):
        while not self._stopped.wait(LOOK_SECONDS):
            self.look()

    def look(self):
        """Tells of every line that came since the last time."""
        with self._lock:
            tails = list(self._tails.values())
        for tail in tails:
            try:
                for line in tail.lines():
                    self._tell(tail.path, line)
            except OSError as error:
                self._logger.warning("cannot read %s: %s", tail.path, error)
                tail.close()

    def cleanup(self):
        self._stopped.set()

    def add_trigger(self, trigger):
        path = (trigger.get("parameters") or {}).get("file_path")
        if not path:
            self._logger.error("trigger %s names no file_path", trigger.get("ref"))
            return
        with self._lock:
            self._paths[trigger["ref"]] = path
            if path not in self._tails:
                self._tails[path] = Tail(path)
        self._logger.info("watching %s", path)

    def update_trigger(self, trigger):
        if self._paths.get(trigger["ref"]) != (trigger.get("parameters") or {}).get("file_path"):
            self.remove_trigger(trigger)
            self.add_trigger(trigger)

    def remove_trigger(self, trigger):
        with self._lock:
            path = self._paths.pop(trigger["ref"], None)
            if path is not None and path not in self._paths.values():
                self._tails.pop(path).close()
                self._logger.info("no longer watching %s", path)

    def _tell(self, path, line):
        payload = {"file_path": path, "file_name": os.path.basename(path), "line": line}
        with self._lock:
            refs = [ref for ref, one in self._paths.items() if one == path]
        for ref in refs:
            self.sensor_service.dispatch(trigger=ref, payload=payload)
