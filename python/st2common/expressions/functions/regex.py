"""Regular expressions."""

import re

__all__ = ["regex_match", "regex_replace", "regex_search", "regex_substring"]


def _flags(ignorecase):
    return re.I if ignorecase else 0


def regex_match(value, pattern="", ignorecase=False):
    """True when it matches at the beginning."""
    return bool(re.match(pattern, value, _flags(ignorecase)))


def regex_search(value, pattern="", ignorecase=False):
    return bool(re.search(pattern, value, _flags(ignorecase)))


def regex_replace(value="", pattern="", replacement="", ignorecase=False):
    return re.sub(pattern, replacement, value, flags=_flags(ignorecase))


def regex_substring(value, pattern, result_index=0, ignorecase=False):
    return re.findall(pattern, value, _flags(ignorecase))[result_index]
