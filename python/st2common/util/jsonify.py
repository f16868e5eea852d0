"""JSON, with times and other things that have a text."""

import datetime
import json

__all__ = ["json_decode", "json_encode", "json_loads", "minify", "try_loads"]


def _plain(value):
    for name in ("__json__", "to_serializable_dict", "to_dict"):
        if hasattr(value, name):
            return getattr(value, name)()
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (set, frozenset)):
        return list(value)
    return str(value)


def json_encode(obj, indent=None, sort_keys=False):
    return json.dumps(obj, default=_plain, indent=indent, sort_keys=sort_keys)


def json_decode(data):
    return json.loads(data)


def json_loads(obj, keys=None):
    """The dict with JSON texts among its values decoded (those of `keys`, if given)."""
    for key in keys or list(obj):
        if key in obj:
            obj[key] = try_loads(obj[key])
    return obj


def try_loads(value):
    """What the text says as JSON, or the value itself if it is none."""
    try:
        return json.loads(value) if value and isinstance(value, str) else value
    except ValueError:
        return value


def minify(text):
    return json.dumps(json.loads(text), separators=(",", ":"))
