"""What goes back to the runner: `{"result": ..., "status": true | false | null}` as JSON."""

import json
import math
import sys

__all__ = ["InvalidStatus", "encode_answer"]


class InvalidStatus(Exception):
    """run() returned a pair whose first member is not a bool."""


def encode_answer(returned):
    """JSON bytes of what run() returned. Results that JSON cannot express become their str(), which stderr says."""
    status, result = None, returned
    if isinstance(returned, tuple) and len(returned) == 2:
        status, result = returned
        if not isinstance(status, bool):
            raise InvalidStatus(
                "Status returned from the action run() method must either be True or False, got: %r\n"
                "A tuple of two is read as (succeeded, result); return a list if that is not what it is." % (status,)
            )
    try:
        text = json.dumps({"result": result, "status": status}, allow_nan=False)
    except (TypeError, ValueError, RecursionError, OverflowError):
        text = json.dumps({"result": _plain(result), "status": status})
    return text.encode("ascii")


def _plain(result):
    """NaN and the infinities become null as in StackStorm's JSON; anything else that is not JSON becomes text."""
    try:
        cleaned = _without_nan(result)
        json.dumps(cleaned, allow_nan=False)
        return cleaned
    except (TypeError, ValueError, RecursionError, OverflowError) as e:
        sys.stderr.write("The result is kept as text, since it is no JSON: %s: %s\n" % (type(e).__name__, e))
        return str(result)


def _without_nan(value):
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(one) for one in value]
    return value
