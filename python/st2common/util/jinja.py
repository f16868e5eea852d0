"""Jinja templates with StackStorm's filters, by the package `jinja2` of the pack's requirements."""

import json
import re

__all__ = ["convert_jinja_to_raw_block", "get_filters", "get_jinja_environment", "is_jinja_expression", "render_values"]

JINJA_EXPRESSIONS_START_MARKERS = ["{{", "{%"]
JINJA_BLOCK_REGEX = r"({%.+?%}|{{.+?}})"


def get_filters():
    from st2common.expressions.functions import data, path, regex, time, version

    modules = (data, path, regex, time, version)
    return {name: getattr(module, name) for module in modules for name in module.__all__}


def get_jinja_environment(allow_undefined=False, trim_blocks=True, lstrip_blocks=True):
    try:
        import jinja2
        import jinja2.sandbox
    except ImportError:
        raise ImportError(
            "st2common.util.jinja needs the package jinja2; add it to the pack's requirements.txt"
        ) from None
    environment = jinja2.sandbox.SandboxedEnvironment(
        undefined=jinja2.Undefined if allow_undefined else jinja2.StrictUndefined,
        trim_blocks=trim_blocks,
        lstrip_blocks=lstrip_blocks,
    )
    environment.filters.update(get_filters())
    environment.tests["in"] = lambda item, container: item in container
    return environment


def render_values(mapping=None, context=None, allow_undefined=False):
    """The mapping with the templates in its values rendered; lists and dicts stay what they are."""
    if not context or not mapping:
        return mapping
    environment = get_jinja_environment(allow_undefined=allow_undefined)
    return {name: _rendered(environment, value, context) for name, value in mapping.items()}


def _rendered(environment, value, context):
    if isinstance(value, (list, dict)):
        return json.loads(environment.from_string(json.dumps(value)).render(context))
    if not isinstance(value, str):
        return value
    return environment.from_string(value).render(context)


def is_jinja_expression(value):
    return isinstance(value, str) and any(marker in value for marker in JINJA_EXPRESSIONS_START_MARKERS)


def convert_jinja_to_raw_block(value):
    """With every template put between raw tags, so that rendering leaves it alone."""
    if isinstance(value, dict):
        return {name: convert_jinja_to_raw_block(one) for name, one in value.items()}
    if isinstance(value, list):
        return [convert_jinja_to_raw_block(one) for one in value]
    if is_jinja_expression(value):
        return re.sub(JINJA_BLOCK_REGEX, r"{% raw %}\1{% endraw %}", value, flags=re.DOTALL)
    return value
