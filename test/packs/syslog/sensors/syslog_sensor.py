import re
import socket
import threading

from st2reactor.sensor.base import Sensor

FACILITIES = "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp".split()
SEVERITIES = "emerg alert crit err warning notice info debug".split()

# RFC 5424, section 6, and what RFC 3164 saw in the field
NEW = re.compile(r"^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) (?:-|(?:\[.*?\])+)(?: (.*))?$", re.S)
OLD = re.compile(r"^<(\d{1,3})>(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )?(?:(\S+) )?([\w./-]+)(?:\[(\d+)\])?: (.*)$", re.S)


def parse(text):
    match = NEW.match(text)
    if match:
        priority, timestamp, host, app, procid, msgid, message = match.groups()
    else:
        match = OLD.match(text)
        if not match:
            return None
        priority, host, app, procid, message = match.groups()
        timestamp = None
    priority = int(priority)
    facility = priority // 8
    return {
        "facility": FACILITIES[facility] if facility < len(FACILITIES) else "local%d" % (facility - 16),
        "severity": SEVERITIES[priority % 8],
        "timestamp": timestamp,
        "host": host,
        "app_name": app,
        "procid": procid,
        "message": (message or "").lstrip(u"\ufeff").rstrip("\n"),
    }


class SyslogSensor(Sensor):
    def __init__(self, sensor_service, config=None):
        super(SyslogSensor, self).__init__(sensor_service=sensor_service, config=config)
        self._logger = self.sensor_service.get_logger(__name__)
        self._lock = threading.Lock()
        self._watched = {}
        self._socket = None

    def setup(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.config.get("host", "127.0.0.1"), self.config.get("port", 5514)))
        self._logger.info("listening on %s:%d", *self._socket.getsockname())

    def run(self):
        while True:
            data, (address, _) = self._socket.recvfrom(65535)
            message = parse(data.decode("utf-8", "replace"))
            if message is None:
                self._logger.warning("not understood: %r", data[:80])
                continue
            message["address"] = address
            with self._lock:
                watched = list(self._watched.values())
            for trigger in watched:
                app_name = trigger["parameters"].get("app_name")
                if app_name in (None, message["app_name"]):
                    self.sensor_service.dispatch(trigger=trigger, payload=message)

    def cleanup(self):
        if self._socket:
            self._socket.close()

    def add_trigger(self, trigger):
        with self._lock:
            self._watched[trigger["id"]] = trigger

    def update_trigger(self, trigger):
        self.add_trigger(trigger)

    def remove_trigger(self, trigger):
        with self._lock:
            self._watched.pop(trigger["id"], None)
