"""Times as texts of ISO 8601, with a `Z`."""

import datetime
import re

__all__ = ["add_utc_tz", "format", "format_to_iso", "parse", "validate"]

ISO8601_FORMAT = "%Y-%m-%dT%H:%M:%S"
ISO8601_FORMAT_USEC = "%Y-%m-%dT%H:%M:%S.%f"
ISO8601_UTC_REGEX = (
    r"^\d{4}\-(0[1-9]|1[0-2])\-(0[1-9]|[12][0-9]|3[01])(\s|T)([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.\d{1,6})?"
    r"(Z|\+00|\+0000|\+00:00)$"
)


def add_utc_tz(dt):
    from st2common.util import date

    return date.add_utc_tz(dt)


def format(dt, usec=True, offset=True):
    """The text of a time (or of ISO text, in this form): `2020-01-02T03:04:05.000000Z`; `offset` False leaves out the Z."""
    if isinstance(dt, str):
        dt = parse(dt)
    text = dt.strftime(ISO8601_FORMAT_USEC if usec else ISO8601_FORMAT)
    return text + "Z" if offset else text


def format_to_iso(value):
    return format(parse(value))


def validate(value, raise_exception=True):
    """True when the text is a UTC time of ISO 8601. Otherwise False, or `ValueError`."""
    if isinstance(value, datetime.datetime):
        return True
    if re.match(ISO8601_UTC_REGEX, value):
        return True
    if raise_exception:
        raise ValueError("Datetime value does not match expected format: %s" % (value,))
    return False


def parse(value, preserve_original_tz=False):
    """A time from text, in UTC unless `preserve_original_tz`; without a zone it is taken for UTC."""
    text = value.strip()
    try:
        dt = datetime.datetime.fromisoformat(_plain(text))
    except ValueError:
        dt = _parse_freely(text)
    if dt.tzinfo is None:
        return dt.replace(tzinfo=datetime.timezone.utc)
    return dt if preserve_original_tz else dt.astimezone(datetime.timezone.utc)


def _plain(text):
    """What Python 3.9 can read: no Z, an offset with a colon, three or six digits of a second."""
    text = re.sub(r"[Zz]$", "+00:00", text)
    text = re.sub(r"([+-]\d\d):?(\d\d)?$", lambda m: "%s:%s" % (m[1], m[2] or "00"), text) if ":" in text else text
    return re.sub(r"\.(\d+)", lambda m: "." + (m[1] + "000000")[:6], text)


def _parse_freely(text):
    try:
        from dateutil import parser
    except ImportError:
        raise ValueError("%r is no time in ISO 8601 (other forms need the package python-dateutil)" % (text,)) from None
    return parser.parse(text)
