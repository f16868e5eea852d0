"""What the API's resources are, as bags of attributes."""

from st2client.models.action import Action, Execution, LiveAction, RunnerType
from st2client.models.action_alias import ActionAlias, ActionAliasMatch
from st2client.models.aliasexecution import ActionAliasExecution
from st2client.models.auth import ApiKey, Token
from st2client.models.config import Config, ConfigSchema
from st2client.models.core import Resource
from st2client.models.inquiry import Inquiry
from st2client.models.keyvalue import KeyValuePair
from st2client.models.pack import Pack
from st2client.models.policy import Policy, PolicyType
from st2client.models.rbac import Role, UserRoleAssignment
from st2client.models.reactor import Rule, RuleEnforcement, Sensor, Trigger, TriggerInstance, TriggerType
from st2client.models.timer import Timer
from st2client.models.trace import Trace
from st2client.models.webhook import Webhook
from st2client.models.workflow import Workflow

__all__ = [
    "Action",
    "ActionAlias",
    "ActionAliasExecution",
    "ActionAliasMatch",
    "ApiKey",
    "Config",
    "ConfigSchema",
    "Execution",
    "Inquiry",
    "KeyValuePair",
    "LiveAction",
    "Pack",
    "Policy",
    "PolicyType",
    "Resource",
    "Role",
    "Rule",
    "RuleEnforcement",
    "RunnerType",
    "Sensor",
    "Timer",
    "Token",
    "Trace",
    "Trigger",
    "TriggerInstance",
    "TriggerType",
    "UserRoleAssignment",
    "Webhook",
    "Workflow",
]


def __getattr__(name):
    # The managers that StackStorm keeps here too.
    from st2client.models import core

    return getattr(core, name)
