"""What all resources have in common."""

import json

__all__ = ["Resource", "add_auth_token_to_kwargs_from_env"]


class Resource(object):
    """One resource: its attributes are those of the API's JSON.

    `serialize()` gives what is sent, `deserialize(dict)` makes one of what came.
    """

    # Names that are shown, and where in the API such resources are; the path is the plural in small letters unless it is said.
    _alias = None
    _display_name = None
    _plural = None
    _plural_display_name = None
    _path = None
    _repr_attributes = ["id", "ref", "name"]

    def __init__(self, *args, **kwargs):
        for name, value in kwargs.items():
            setattr(self, name, value)

    def to_dict(self, exclude_attributes=None):
        excluded = exclude_attributes or []
        return {name: value for name, value in self.__dict__.items() if name not in excluded}

    def serialize(self):
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}

    @classmethod
    def deserialize(cls, doc):
        """Of a dict, or its JSON."""
        if isinstance(doc, (str, bytes)):
            doc = json.loads(doc)
        return cls(**doc)

    @classmethod
    def get_alias(cls):
        return cls._alias or cls.__name__.lower()

    @classmethod
    def get_display_name(cls):
        return cls._display_name or cls.__name__

    @classmethod
    def get_plural_name(cls):
        return cls._plural or cls.__name__ + "s"

    @classmethod
    def get_plural_display_name(cls):
        return cls._plural_display_name or cls.get_plural_name()

    @classmethod
    def get_url_path_name(cls):
        return cls._path or cls.get_plural_name().lower()

    def __str__(self):
        known = ("%s=%s" % (name, getattr(self, name)) for name in self._repr_attributes if getattr(self, name, None))
        return "<%s %s>" % (type(self).__name__, ",".join(known))

    __repr__ = __str__


def __getattr__(name):
    # Late: managers import models.
    if name in ("ResourceManager", "ActionManager", "LiveActionResourceManager", "WebhookManager"):
        from st2client.managers import action, core, execution, reactor

        return {
            "ResourceManager": core.ResourceManager,
            "ActionManager": action.ActionManager,
            "LiveActionResourceManager": execution.ExecutionManager,
            "WebhookManager": reactor.WebhookManager,
        }[name]
    raise AttributeError("module %s has no attribute %s" % (__name__, name))


def add_auth_token_to_kwargs_from_env(func):
    from st2client.utils.httpclient import add_auth_token_to_kwargs_from_env as decorate

    return decorate(func)
