"""Runs one sensor in this process until it ends or is told to stop.

In, on the channel (descriptor 3; see channel.py): `start` first, with pack, class_name, instance, file, config,
config_path, poll_interval, triggers, line_bytes; then `trigger` with change (add, update, remove) and trigger; `answer` to dispatches.
Out: `ready` when setup is done, `failed` with the stage and error that ended it, `dispatch`, `refused`.
Everything printed or logged is the sensor's log. Exit status: 0 the sensor's run() returned, 1 it failed, 143 stopped.
"""

import atexit
import functools
import logging
import os
import signal
import sys
import threading
import time
import traceback
from _queue import SimpleQueue
from _thread import allocate_lock

CHANNEL_FD = 3
STOPPED = 128 + signal.SIGTERM
# What a sensor may take to clean up once the server is gone.
GRACE_SECONDS = 5
# A poll may hold up news of triggers for this long.
POLL_SECONDS = 30


class SensorWrapper(object):
    def __init__(self, channel, start):
        self._channel = channel
        self._start = start
        self._pack = start["pack"]
        self._class_name = start["class_name"]
        self._logger = logging.getLogger("SensorWrapper.%s.%s" % (self._pack, self._class_name))
        self._logger.setLevel(logging.DEBUG)
        self._pid = os.getpid()
        # Real ones, whatever the sensor makes of threads (C4 in channel.py).
        self._changes = SimpleQueue()
        self._delivering = allocate_lock()
        self._stage = "import"
        self._sensor = None
        # Triggers come and go between polls, not during one: sensors are not written for threads.
        self._polling = allocate_lock()

    def run(self):
        """Returns the exit status."""
        # Before the pack's code: a trigger that comes meanwhile waits in the queue, an answer finds who waits for it.
        self._channel.serve(self._changes.put, self._on_server_gone)
        self._delivering.acquire()
        threading.Thread(target=self._deliver_changes, name="squall-triggers", daemon=True).start()
        try:
            self._run_sensor()
            _join_threads()
            return 0
        except SystemExit as e:
            if self._stage == "stop":
                return STOPPED
            if isinstance(e.code, str):
                sys.stderr.write("%s\n" % (e.code,))
            return e.code if isinstance(e.code, int) else 0 if e.code is None else 1
        except BaseException as e:
            self._tell_failed(e)
            return 1
        finally:
            self._cleanup()

    def _run_sensor(self):
        sensor_class = self._load()
        self._stage = "constructor"
        self._sensor = self._make(sensor_class)
        self._stage = "setup"
        self._sensor.setup()
        for trigger in self._start["triggers"]:
            self._deliver("add", trigger)
        self._stage = "run"
        self._delivering.release()
        self._channel.send({"kind": "ready"})
        self._sensor.run()

    def _load(self):
        from st2reactor.container.loader import load_sensor_class

        return load_sensor_class(self._start["file"], self._class_name)

    def _make(self, sensor_class):
        from python_runner.config import ActionConfig
        from st2reactor.container.sensor_service import SensorService, make_datastore
        from st2reactor.sensor.base import PollingSensor

        environment = os.environ
        datastore = make_datastore(
            self._logger,
            self._pack,
            self._class_name,
            self._start["instance"],
            environment.get("ST2_API_URL"),
            environment.get("ST2_AUTH_TOKEN"),
        )
        service = SensorService(self._channel, self._logger, datastore)
        config = ActionConfig(self._pack, self._start["config_path"], self._start["config"])
        arguments = {"sensor_service": service, "config": config}
        poll_interval = self._start["poll_interval"]
        if poll_interval is not None and issubclass(sensor_class, PollingSensor):
            arguments["poll_interval"] = poll_interval
        sensor = sensor_class(**arguments)
        if isinstance(sensor, PollingSensor):
            sensor.poll = self._in_turn(sensor.poll)
        return sensor

    def _in_turn(self, poll):
        @functools.wraps(poll)
        def polls(*args, **kwargs):
            with self._polling:
                return poll(*args, **kwargs)

        return polls

    def _deliver_changes(self):
        # Those that there were at the start come first.
        self._delivering.acquire()
        while True:
            message = self._changes.get()
            change = message.get("change")
            if message.get("kind") != "trigger" or change not in ("add", "update", "remove"):
                continue
            held = self._polling.acquire(timeout=POLL_SECONDS)
            try:
                self._deliver(change, message["trigger"])
            finally:
                if held:
                    self._polling.release()

    def _deliver(self, change, trigger):
        try:
            getattr(self._sensor, change + "_trigger")(trigger)
        except Exception:
            self._logger.exception("%s_trigger of %s failed", change, trigger.get("ref"))

    def _tell_failed(self, error):
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        # Without the frames of this file: they say nothing to the sensor's author.
        here = os.path.abspath(__file__)
        shown = [line for line in lines if 'File "%s"' % (here,) not in line]
        sys.stderr.write("".join(shown))
        text = "%s: %s" % (type(error).__name__, error) if str(error) else type(error).__name__
        try:
            self._channel.send({"kind": "failed", "stage": self._stage, "error": text[:2000]})
        except OSError:
            pass  # the server is gone, and with it who would want to know

    def _cleanup(self):
        self._stage = "cleanup"
        sensor, self._sensor = self._sensor, None
        if sensor is None:
            return
        try:
            sensor.cleanup()
        except Exception:
            self._logger.exception("cleanup failed")

    def stop(self, *_):
        """SIGTERM: ends run() wherever it is; cleanup() follows."""
        if os.getpid() != self._pid:
            os._exit(STOPPED)  # a fork of the sensor: there is nothing of its own to clean up
        if self._stage in ("stop", "cleanup"):
            return
        self._stage = "stop"
        sys.exit(STOPPED)

    def _on_server_gone(self):
        """Nobody takes events any more. Ends this process and all of its group."""
        os.killpg(os.getpgid(0), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os.killpg(os.getpgid(0), signal.SIGKILL)


def _join_threads():
    """A sensor whose run() returns may go on in threads, as any Python program."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def main():
    # This file's folder, put there by Python itself: its modules are no business of the sensor's.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]

    from st2reactor.container.channel import Channel

    channel = Channel(CHANNEL_FD)
    start = channel.receive()
    if start is None:
        return 0
    channel.line_bytes = start["line_bytes"]
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    wrapper = SensorWrapper(channel, start)
    signal.signal(signal.SIGTERM, wrapper.stop)
    return wrapper.run()


if __name__ == "__main__":
    status = main()
    try:
        # What Python does at an end, without waiting for threads that the sensor left behind.
        atexit._run_exitfuncs()
    except Exception:
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # nobody reads it any more, or the sensor closed it
    os._exit(status & 0xFF)
