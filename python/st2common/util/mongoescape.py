"""Keys of dicts with the characters `.` and `$` made safe for a document database, and back."""

__all__ = ["escape_chars", "unescape_chars"]

ESCAPES = {".": "\uff0e", "$": "\uff04"}


def escape_chars(field):
    return _renamed(field, ESCAPES)


def unescape_chars(field):
    return _renamed(field, {safe: char for char, safe in ESCAPES.items()})


def _renamed(value, table):
    if isinstance(value, dict):
        return {_replaced(key, table): _renamed(one, table) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, table) for one in value]
    return value


def _replaced(key, table):
    for old, new in table.items():
        key = key.replace(old, new) if isinstance(key, str) else key
    return key
