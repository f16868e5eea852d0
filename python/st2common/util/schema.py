"""JSON Schema, by the package `jsonschema` of the pack's requirements."""

__all__ = ["get_validator", "validate"]


def _jsonschema():
    try:
        import jsonschema
    except ImportError:
        raise ImportError(
            "st2common.util.schema needs the package jsonschema; add it to the pack's requirements.txt"
        ) from None
    return jsonschema


def get_validator(version="custom"):
    return _jsonschema().Draft4Validator


def validate(instance, schema, cls=None, use_default=True, allow_default_none=False, *args, **kwargs):
    """The instance, with defaults filled in, if it fits the schema; raises `jsonschema.ValidationError`."""
    if use_default and isinstance(instance, dict):
        for name, one in (schema.get("properties") or {}).items():
            if isinstance(one, dict) and "default" in one:
                instance.setdefault(name, one["default"])
    schema = _without_required_flags(schema, allow_default_none)
    _jsonschema().validate(instance=instance, schema=schema, cls=cls or get_validator(), *args, **kwargs)
    return instance


def _without_required_flags(schema, allow_null):
    """StackStorm marks required properties on the property itself, as draft 3 did."""
    if not isinstance(schema, dict):
        return schema
    schema = dict(schema)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        required = [name for name, one in properties.items() if isinstance(one, dict) and one.get("required") is True]
        schema["properties"] = {
            name: _without_required_flags(_nullable(one) if allow_null else one, allow_null)
            for name, one in properties.items()
        }
        if required:
            schema["required"] = required
    if isinstance(schema.get("required"), bool):
        del schema["required"]
    return schema


def _nullable(schema):
    if not isinstance(schema, dict) or schema.get("required") or not isinstance(schema.get("type"), str):
        return schema
    return dict(schema, type=[schema["type"], "null"])
