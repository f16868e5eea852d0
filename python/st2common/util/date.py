"""Times: always aware of their zone, always UTC here."""

import datetime
import time

__all__ = [
    "add_utc_tz",
    "append_milliseconds_to_time",
    "convert_to_utc",
    "get_datetime_utc_now",
    "parse",
]


def get_datetime_utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


def add_utc_tz(dt):
    """A time without a zone, taken for UTC. One with a zone is refused with `ValueError`."""
    if dt.tzinfo is not None and dt.tzinfo.utcoffset(dt) is not None:
        raise ValueError("the time %s has a time zone already" % (dt,))
    return dt.replace(tzinfo=datetime.timezone.utc)


def convert_to_utc(dt):
    """The same moment in UTC; a time without a zone is taken for UTC."""
    return dt.astimezone(datetime.timezone.utc) if dt.tzinfo else add_utc_tz(dt)


def parse(value, preserve_original_tz=False):
    """A time from text: ISO 8601, or anything that `dateutil` reads where that is installed."""
    from st2common.util import isotime

    return isotime.parse(str(value), preserve_original_tz=preserve_original_tz)


def append_milliseconds_to_time(date, milliseconds=0):
    return date.replace(microsecond=0) + datetime.timedelta(milliseconds=milliseconds)


def get_current_timestamp():
    """Seconds since 1970."""
    return time.time()
