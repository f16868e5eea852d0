"""Values cast to the type that a parameter's schema names."""

import ast
import json

__all__ = ["get_cast"]


def _array(value):
    return value if isinstance(value, (list, dict)) or value is None else _literal(value)


def _literal(value):
    """JSON, else a Python literal."""
    try:
        return json.loads(value)
    except ValueError:
        return ast.literal_eval(value)


def _boolean(value):
    text = str(value).lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off", "none", ""):
        return False
    raise ValueError('Invalid boolean value: "%s"' % (value,))


def _integer(value):
    return None if value is None else int(value)


def _number(value):
    return None if value is None else float(value)


def _string(value):
    return None if value is None else str(value)


CASTS = {
    "array": _array,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "object": _array,
    "string": _string,
}


def get_cast(cast_type):
    """The function that casts to the type, or None for a type that needs none."""
    return CASTS.get(cast_type)
