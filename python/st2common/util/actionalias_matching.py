"""Which alias a chat command means."""

from st2common.exceptions.content import ParseException
from st2common.models.utils.action_alias_utils import extract_parameters

__all__ = ["list_format_strings_from_aliases", "match_command_to_alias", "normalise_alias_format_string"]


def normalise_alias_format_string(alias_format):
    """`(display, representations)` of a format, which is a text or a dict with these."""
    if isinstance(alias_format, str):
        return alias_format, [alias_format]
    if not isinstance(alias_format, dict):
        raise TypeError("alias_format '%s' is neither a dictionary or string type." % (alias_format,))
    representation = alias_format.get("representation") or []
    return alias_format.get("display"), [representation] if isinstance(representation, str) else representation


def list_format_strings_from_aliases(aliases, match_multiple=False):
    """`{alias, display, representation}` of every format of the aliases that is (or is not) matched several times."""
    found = []
    for alias in aliases:
        for one in alias.formats:
            multiple = bool(isinstance(one, dict) and one.get("match_multiple", False))
            if multiple == match_multiple:
                display, representations = normalise_alias_format_string(one)
                found.extend({"alias": alias, "display": display, "representation": each} for each in representations)
    return found


def match_command_to_alias(command, aliases, match_multiple=False):
    """Those of `list_format_strings_from_aliases` that the command matches."""
    return [one for one in list_format_strings_from_aliases(aliases, match_multiple) if _matches(command, one)]


def _matches(command, one):
    try:
        extract_parameters(one["representation"], command)
    except ParseException:
        return False
    return True
