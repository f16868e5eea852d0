"""Packs and their configurations."""

from st2client.managers.core import ResourceManager, path_of

__all__ = ["ConfigManager", "PackManager"]


class PackManager(ResourceManager):
    """What changes packs answers at once, with `execution_id` of what is under way."""

    def install(self, packs, force=False, skip_dependencies=False, **kwargs):
        return self._post(
            "/install", {"packs": packs, "force": force, "skip_dependencies": skip_dependencies}, **kwargs
        )

    def remove(self, packs, **kwargs):
        return self._post("/uninstall", {"packs": packs}, **kwargs)

    def register(self, packs=None, types=None, **kwargs):
        body = {name: value for name, value in (("packs", packs), ("types", types)) if value}
        return self._post("/register", body, **kwargs)

    def search(self, args, ignore_errors=False, **kwargs):
        """Packs of the index. `args` has `query` (a list of them) or `pack` (one)."""
        body = {name: getattr(args, name) for name in ("query", "pack") if getattr(args, name, None)}
        response = self.client.post(self.path + "/index/search", body, **kwargs)
        if ignore_errors and not response.ok:
            return None
        response.raise_for_status()
        content = response.json()
        if isinstance(content, list):
            return [self.resource.deserialize(one) for one in content]
        return self.resource.deserialize(content) if content else None

    def _post(self, path, body, **kwargs):
        response = self.client.post(self.path + path, body, **kwargs)
        response.raise_for_status()
        return self.resource.deserialize(response.json())


class ConfigManager(ResourceManager):
    def update(self, instance, **kwargs):
        """Replaces the values of the pack's configuration."""
        response = self.client.put(self.path + path_of(instance.pack), instance.values, **kwargs)
        response.raise_for_status()
        return self.resource.deserialize(response.json())
