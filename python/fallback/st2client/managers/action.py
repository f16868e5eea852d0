"""Actions and action aliases."""

from st2client.managers.core import ResourceManager, _split, path_of

__all__ = ["ActionAliasExecutionManager", "ActionAliasManager", "ActionManager"]


class ActionManager(ResourceManager):
    def get_entrypoint(self, ref_or_id, **kwargs):
        """The text of the action's file; None if it has none."""
        query, options = _split(kwargs)
        response = self.client.get(self.path + "/views/entry_point" + path_of(ref_or_id), params=query, **options)
        if response.status_code == 404:
            return None
        response.raise_for_status()
        return response.text

    def delete_action(self, instance, remove_files=False, **kwargs):
        response = self.client.delete(self.path + self._path_to(instance), {"remove_files": remove_files}, **kwargs)
        if response.status_code == 404:
            return False
        response.raise_for_status()
        return True

    def clone(self, source_ref, dest_pack, dest_action, overwrite=False, **kwargs):
        body = {"dest_pack": dest_pack, "dest_action": dest_action, "overwrite": overwrite}
        response = self.client.post(self.path + path_of(source_ref) + "/clone", body, **kwargs)
        response.raise_for_status()
        return self.resource.deserialize(response.json())


class ActionAliasManager(ResourceManager):
    def match(self, instance, **kwargs):
        """`(alias, representation)` of the one alias that the command of the instance matches."""
        response = self.client.post(self.path + "/match", instance.serialize(), **kwargs)
        response.raise_for_status()
        match = response.json()
        return self.resource.deserialize(match["actionalias"]), match["representation"]


class ActionAliasExecutionManager(ResourceManager):
    def match_and_execute(self, instance, **kwargs):
        """Runs what the command means; the object has `results`."""
        response = self.client.post(self.path + "/match_and_execute", instance.serialize(), **kwargs)
        response.raise_for_status()
        return self.resource.deserialize(response.json())
