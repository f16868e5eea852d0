"""Workflows."""

from st2client.models.core import Resource

__all__ = ["Workflow"]


class Workflow(Resource):
    _alias = "workflow"
    _display_name = "Workflow"
    _plural = "Workflows"
    _plural_display_name = "Workflows"
