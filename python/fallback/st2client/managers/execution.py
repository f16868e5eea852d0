"""Executions, inquiries, workflows."""

from st2client.managers.core import ResourceManager, _split, path_of

__all__ = ["ExecutionManager", "InquiryManager", "WorkflowManager"]


class ExecutionManager(ResourceManager):
    """`create(LiveAction(action="pack.name", parameters={...}))` runs an action and gives the execution at once."""

    def re_run(self, execution_id, parameters=None, tasks=None, no_reset=None, delay=0, **kwargs):
        """Runs it once more, with other values for the `parameters` given; of a workflow, from the `tasks` on."""
        body = {"parameters": parameters or {}, "tasks": tasks or [], "delay": delay}
        body["reset"] = [one for one in body["tasks"] if one not in (no_reset or [])]
        query, options = _split(kwargs)
        response = self.client.post("%s%s/re_run" % (self.path, path_of(execution_id)), body, params=query, **options)
        response.raise_for_status()
        return self.resource.deserialize(response.json())

    def pause(self, execution_id, **kwargs):
        return self._set_status(execution_id, "pausing", **kwargs)

    def resume(self, execution_id, **kwargs):
        return self._set_status(execution_id, "resuming", **kwargs)

    def get_output(self, execution_id, output_type=None, **kwargs):
        """What it printed so far: text."""
        query, options = _split(dict(kwargs, output_type=output_type))
        response = self.client.get("%s%s/output" % (self.path, path_of(execution_id)), params=query, **options)
        response.raise_for_status()
        return response.text

    def get_result(self, execution_id, **kwargs):
        """Its result alone, however large."""
        query, options = _split(kwargs)
        response = self.client.get("%s%s/result" % (self.path, path_of(execution_id)), params=query, **options)
        response.raise_for_status()
        return response.json()

    def get_children(self, execution_id, **kwargs):
        """What it ran, at every depth."""
        return self.get_property(execution_id, "children", **kwargs)

    def delete_by_id(self, instance_id, **kwargs):
        """Cancels it."""
        return super().delete_by_id(instance_id, **kwargs)

    cancel = delete_by_id

    def _set_status(self, execution_id, status, **kwargs):
        query, options = _split(kwargs)
        response = self.client.put(self.path + path_of(execution_id), {"status": status}, params=query, **options)
        response.raise_for_status()
        return self.resource.deserialize(response.json())


class InquiryManager(ResourceManager):
    def respond(self, inquiry_id, inquiry_response, **kwargs):
        """Answers it; the workflow goes on."""
        query, options = _split(kwargs)
        body = {"id": inquiry_id, "response": inquiry_response}
        response = self.client.put(self.path + path_of(inquiry_id), body, params=query, **options)
        response.raise_for_status()
        return self.resource.deserialize(response.json())


class WorkflowManager(object):
    def __init__(self, resource, client):
        self.resource = resource
        self.client = client

    def inspect(self, definition, **kwargs):
        """What is wrong with the definition (text): a list."""
        query, options = _split(kwargs)
        options["headers"] = dict(options.get("headers") or {}, **{"Content-Type": "text/plain"})
        response = self.client.post_raw("/workflows/inspect", definition, params=query, **options)
        response.raise_for_status()
        return response.json()
