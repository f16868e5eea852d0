"""Texts with templates, rendered."""

__all__ = ["render_template", "render_template_with_system_context"]


def render_template(value, context=None):
    from st2common.util.jinja import get_jinja_environment

    return get_jinja_environment().from_string(value or "").render(context or {})


def render_template_with_system_context(value, context=None, prefix=None):
    """With `st2kv.system.NAME` (or `PREFIX.system.NAME`) read from the datastore, as this action or sensor may."""
    from st2common.services.keyvalues import KeyValueLookup

    known = dict(context or {})
    known[prefix or "st2kv"] = {"system": KeyValueLookup()}
    return render_template(value, known)
