"""What a sensor dispatches, as JSON."""

import json
import math
import sys

__all__ = ["NotJson", "plain"]


class NotJson(ValueError):
    """A payload holds what JSON cannot express."""


def plain(payload):
    """The payload as JSON values. Times become ISO 8601, sets lists, NaN null; raises NotJson for what has no such form."""
    try:
        json.dumps(payload, allow_nan=False)
        return payload
    except (TypeError, ValueError, RecursionError, OverflowError):
        pass
    try:
        cleaned = _plain(payload, "payload")
        json.dumps(cleaned, allow_nan=False)
    except RecursionError:
        raise NotJson("the payload contains itself, or is nested too deep") from None
    except (TypeError, ValueError, OverflowError) as e:
        raise NotJson(str(e)) from None
    return cleaned


def _plain(value, where):
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, dict):
        return {_key(key, where): _plain(one, "%s.%s" % (where, key)) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one, "%s[%d]" % (where, at)) for at, one in enumerate(value)]
    if _is_one(value, "datetime", "datetime", "date", "time"):
        return value.isoformat()
    if _is_one(value, "uuid", "UUID") or _is_one(value, "decimal", "Decimal"):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        try:
            return bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            raise NotJson("%s holds bytes that are not UTF-8 text" % (where,)) from None
    raise NotJson("%s is a %s, which JSON cannot express" % (where, type(value).__name__))


def _is_one(value, module, *classes):
    """Whether it is an instance of a class in a module. Who made one has imported it; the others need not."""
    found = sys.modules.get(module)
    return found is not None and isinstance(value, tuple(getattr(found, name) for name in classes))


def _key(key, where):
    if isinstance(key, (str, int, float, bool)) or key is None:
        return key
    raise NotJson("%s has the key %r, which is no text" % (where, key))
