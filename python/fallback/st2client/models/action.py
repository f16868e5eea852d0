"""Actions and their runs."""

from st2client.models.core import Resource

__all__ = ["Action", "Execution", "LiveAction", "RunnerType"]


class RunnerType(Resource):
    _alias = "runnertype"
    _display_name = "Runner"
    _plural = "RunnerTypes"
    _plural_display_name = "Runners"
    _path = "runnertypes"


class Action(Resource):
    _alias = "action"
    _display_name = "Action"
    _plural = "Actions"
    _plural_display_name = "Actions"


class Execution(Resource):
    _alias = "execution"
    _display_name = "Action Execution"
    _plural = "Executions"
    _plural_display_name = "Action executions"
    _path = "executions"


class LiveAction(Resource):
    _alias = "liveaction"
    _display_name = "Action Execution"
    _plural = "LiveActions"
    _plural_display_name = "Action executions"
    _path = "executions"


# Its name in older packs.
ActionExecution = LiveAction
