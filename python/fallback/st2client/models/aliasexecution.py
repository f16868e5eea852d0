"""Runs of aliases."""

from st2client.models.core import Resource

__all__ = ["ActionAliasExecution"]


class ActionAliasExecution(Resource):
    _alias = "actionaliasexecution"
    _display_name = "ActionAlias Execution"
    _plural = "ActionAliasExecutions"
    _plural_display_name = "Action Alias Executions"
    _path = "aliasexecution"
