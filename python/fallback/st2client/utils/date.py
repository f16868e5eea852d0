"""Times."""

from st2common.util.isotime import format as format_dt
from st2common.util.isotime import parse as parse_isotime

__all__ = ["format_dt", "format_isodate", "format_isodate_for_user_timezone", "parse_isotime"]


def format_isodate(value, timezone=None):
    """The moment as people write it: `Thu, 02 Jan 2020 03:04:05 UTC`."""
    return parse_isotime(value).strftime("%a, %d %b %Y %H:%M:%S UTC") if value else ""


def format_isodate_for_user_timezone(value):
    return format_isodate(value)
