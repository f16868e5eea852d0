"""Secret parameters, masked."""

import copy

from st2common.constants.secrets import MASKED_ATTRIBUTE_VALUE

__all__ = ["get_secret_parameters", "mask_secret_parameters"]


def get_secret_parameters(parameters):
    """Of schemas, what is marked `secret`: name -> type, or the same again for the properties of an object."""
    secrets = {}
    for name, schema in (parameters or {}).items():
        if not isinstance(schema, dict):
            continue
        if schema.get("secret"):
            secrets[name] = schema.get("type")
            continue
        inner = get_secret_parameters(schema.get("properties")) if isinstance(schema.get("properties"), dict) else {}
        if inner:
            secrets[name] = inner
    return secrets


def mask_secret_parameters(parameters, secret_parameters, result=None):
    """A copy in which the values of `secret_parameters` are `********`."""
    masked = copy.deepcopy(parameters) if result is None else result
    for name, kind in secret_parameters.items():
        if name not in masked:
            continue
        if isinstance(kind, dict) and isinstance(masked[name], dict):
            masked[name] = mask_secret_parameters(masked[name], kind)
        else:
            masked[name] = MASKED_ATTRIBUTE_VALUE
    return masked
