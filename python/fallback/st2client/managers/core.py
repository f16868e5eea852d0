"""What can be done with every kind of resource."""

import urllib.parse

__all__ = ["KeyManager", "ResourceManager", "path_of"]


def path_of(*parts):
    return "/" + "/".join(urllib.parse.quote(str(part), safe="") for part in parts)


class ResourceManager(object):
    """`get_...` of what is not there gives None; any other refusal raises an error with `response.status_code`.

    Keyword arguments of a call are query parameters, but for `token` and `api_key`, which say who asks, `headers`, and
    `params` (a dict of query parameters).
    """

    def __init__(self, resource, client):
        self.resource = resource
        self.client = client
        self.path = "/" + resource.get_url_path_name()

    # -- reading

    def get_all(self, **kwargs):
        """All of them, or as many as `limit` says (-1: without a limit, for administrators)."""
        query, options = _split(kwargs)
        response = self.client.get(self.path, params=query, **options)
        response.raise_for_status()
        return [self.resource.deserialize(one) for one in response.json()]

    def query(self, **kwargs):
        """Those that fit the filters; none where the API has no such thing."""
        return self.query_with_count(**kwargs)[0]

    def query_with_count(self, **kwargs):
        """Those that fit, and how many there are beyond the limit; None if the API does not say."""
        query, options = _split(kwargs)
        response = self.client.get(self.path + "/", params=query, **options)
        if response.status_code == 404:
            return [], None
        response.raise_for_status()
        total = response.headers.get("X-Total-Count")
        return [self.resource.deserialize(one) for one in response.json()], int(total) if total else None

    def get_by_id(self, id, **kwargs):
        return self._one(path_of(id), **kwargs)

    def get_by_ref_or_id(self, ref_or_id, **kwargs):
        return self._one(path_of(ref_or_id), **kwargs)

    def get_by_name(self, name, **kwargs):
        """The one of this name. Raises `Exception` if there are several, in different packs."""
        found = self.query(name=name, **kwargs)
        if len(found) > 1:
            raise Exception('More than one %s named "%s" are found.' % (self.resource.__name__.lower(), name))
        return found[0] if found else None

    def get_property(self, id_, property_name, self_deserialize=True, **kwargs):
        """What lies below one resource: its children, say."""
        query, options = _split(kwargs)
        response = self.client.get("%s%s/%s/" % (self.path, path_of(id_), property_name), params=query, **options)
        if response.status_code == 404:
            return None
        response.raise_for_status()
        content = response.json()
        return [self.resource.deserialize(one) for one in content] if self_deserialize else content

    # -- writing

    def create(self, instance, **kwargs):
        """The new one, as the API has it."""
        query, options = _split(kwargs)
        response = self.client.post(self.path, instance.serialize(), params=query, **options)
        response.raise_for_status()
        return self.resource.deserialize(response.json())

    def update(self, instance, **kwargs):
        """The changed one, as the API has it; found by `id`, else `ref`, else `name`."""
        query, options = _split(kwargs)
        response = self.client.put(self.path + self._path_to(instance), instance.serialize(), params=query, **options)
        response.raise_for_status()
        return self.resource.deserialize(response.json())

    def delete(self, instance, **kwargs):
        """True when it is deleted, False when it was not there."""
        return self._deleted(self._path_to(instance), **kwargs)

    def delete_by_id(self, instance_id, **kwargs):
        """What the API answers, an empty dict if nothing; False when it was not there."""
        query, options = _split(kwargs)
        response = self.client.delete(self.path + path_of(instance_id), params=query, **options)
        if response.status_code == 404:
            return False
        response.raise_for_status()
        return response.json() if response.content.strip() else {}

    # -- inside

    def _one(self, path, **kwargs):
        query, options = _split(kwargs)
        response = self.client.get(self.path + path, params=query, **options)
        if response.status_code == 404:
            return None
        response.raise_for_status()
        return self.resource.deserialize(response.json())

    def _deleted(self, path, **kwargs):
        query, options = _split(kwargs)
        response = self.client.delete(self.path + path, params=query, **options)
        if response.status_code == 404:
            return False
        response.raise_for_status()
        return True

    @staticmethod
    def _path_to(instance):
        for name in ("id", "ref", "name"):
            if getattr(instance, name, None):
                return path_of(getattr(instance, name))
        raise ValueError(
            "%r has neither id nor ref nor name, so the API cannot be told which one is meant" % (instance,)
        )


class KeyManager(ResourceManager):
    """Entries of the datastore: found by name, in a scope. `decrypt=True` gives the plain text of secret ones."""

    def get_by_name(self, name, **kwargs):
        return self._one(path_of(name), **kwargs)

    def get_by_id(self, id, **kwargs):
        return self._one(path_of(id), **kwargs)

    def update(self, instance, **kwargs):
        """Writes it, whether or not it was there."""
        for name in ("scope", "user"):
            if getattr(instance, name, None):
                kwargs.setdefault(name, getattr(instance, name))
        query, options = _split(kwargs)
        response = self.client.put(self.path + self._path_to(instance), instance.serialize(), params=query, **options)
        response.raise_for_status()
        return self.resource.deserialize(response.json())

    # The API has no other way to create one.
    create = update

    def delete(self, instance, **kwargs):
        for name in ("scope", "user"):
            if getattr(instance, name, None):
                kwargs.setdefault(name, getattr(instance, name))
        return super().delete(instance, **kwargs)

    @staticmethod
    def _path_to(instance):
        # Its name is its place; the id of some of StackStorm's own is not.
        name = getattr(instance, "name", None) or getattr(instance, "id", None)
        if not name:
            raise ValueError("a key needs a name")
        return path_of(name)


def _split(kwargs):
    """Query parameters, and options of the request, out of the keyword arguments of a call."""
    query = dict(kwargs.pop("params", None) or {})
    options = {name: kwargs.pop(name) for name in ("token", "api_key", "headers", "auth") if name in kwargs}
    for name, value in kwargs.items():
        if value is not None:
            query[name] = value
    return {name: _text(value) for name, value in query.items()}, options


def _text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(str(one) for one in value) if isinstance(value, (list, tuple)) else value
