"""Spans of time."""

import datetime

__all__ = ["to_human_time_from_seconds"]


def to_human_time_from_seconds(seconds):
    """`3m5s`, `1h3m5s`, `2d0h0m5s`; less than a second in microseconds."""
    assert isinstance(seconds, (int, float)), "seconds is a number, not %r" % (seconds,)
    if seconds == 0:
        return "0s"
    if seconds < 1:
        return "%s\u03bcs" % (round(seconds * 1000000),)
    # Days are those of the calendar, counted from its first day, as in StackStorm.
    span = datetime.datetime(1, 1, 1) + datetime.timedelta(seconds=round(seconds))
    parts = [(span.year - 1, "y"), (span.day - 1, "d"), (span.hour, "h"), (span.minute, "m"), (span.second, "s")]
    while parts[0][0] == 0 and len(parts) > 1:
        parts.pop(0)
    return "".join("%d%s" % part for part in parts)
