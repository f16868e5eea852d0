"""Data and text."""

import json

__all__ = [
    "from_json_string",
    "from_yaml_string",
    "json_escape",
    "to_complex",
    "to_json_string",
    "to_yaml_string",
    "use_none",
]

NONE_MAGIC_VALUE = "%*****__%NONE%__*****%"


def from_json_string(value):
    return json.loads(str(value))


def from_yaml_string(value):
    from st2common.content.yaml_file import load_yaml

    return load_yaml(str(value))


def to_json_string(value, indent=None, sort_keys=False, separators=(",", ": ")):
    return json.dumps(value, indent=indent, sort_keys=sort_keys, separators=separators)


def to_yaml_string(value, indent=None, allow_unicode=True):
    import yaml

    return yaml.safe_dump(value, indent=indent, allow_unicode=allow_unicode, default_flow_style=False)


def to_complex(value):
    return json.dumps(value)


def json_escape(value):
    return json.dumps(value)[1:-1]


def use_none(value):
    return NONE_MAGIC_VALUE if value is None else value
