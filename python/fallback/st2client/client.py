"""The client: one manager for every kind of resource."""

import os

from st2client.endpoints import endpoints_of
from st2client.managers import action, core, execution, pack, reactor
from st2client.models import (
    Action,
    ActionAlias,
    ActionAliasExecution,
    ApiKey,
    Config,
    ConfigSchema,
    Execution,
    Inquiry,
    KeyValuePair,
    LiveAction,
    Pack,
    Policy,
    PolicyType,
    Role,
    Rule,
    RuleEnforcement,
    RunnerType,
    Sensor,
    Timer,
    Token,
    Trace,
    Trigger,
    TriggerInstance,
    TriggerType,
    UserRoleAssignment,
    Webhook,
    Workflow,
)
from st2client.utils.httpclient import HTTPClient
from st2common.http_api import TIMEOUT_SECONDS

__all__ = ["Client"]


class Client(object):
    """Where a service is comes from the arguments, else from `ST2_API_URL`, `ST2_AUTH_URL`, `ST2_STREAM_URL` and `ST2_BASE_URL`.

    Who asks: `token`, `api_key` or `basic_auth` ("user:password"), else `ST2_AUTH_TOKEN` or `ST2_API_KEY`. In an action or sensor
    these are set, so `Client()` does. `cacert` (else `ST2_CACERT`) is a file with certificates to trust, False to trust any.
    `timeout` is in seconds. Refusals raise an error with `response.status_code`.
    """

    def __init__(
        self,
        base_url=None,
        auth_url=None,
        api_url=None,
        stream_url=None,
        api_version=None,
        cacert=None,
        debug=False,
        token=None,
        api_key=None,
        basic_auth=None,
        timeout=TIMEOUT_SECONDS,
    ):
        self.endpoints = endpoints_of(base_url, auth_url, api_url, stream_url, api_version)
        if cacert is None:
            cacert = os.environ.get("ST2_CACERT") or None
        if cacert and not os.path.isfile(cacert):
            raise ValueError('CA cert file "%s" does not exist.' % (cacert,))
        self.cacert = cacert
        self.debug = debug
        # What is given counts more than the environment, whichever of the two it is.
        self.token = token or (None if api_key else os.environ.get("ST2_AUTH_TOKEN"))
        self.api_key = api_key or (None if self.token else os.environ.get("ST2_API_KEY"))
        self.basic_auth = basic_auth
        self.timeout = timeout
        api, auth, stream = (self._http(self.endpoints[name]) for name in ("api", "auth", "stream"))
        self.managers = {
            "Action": action.ActionManager(Action, api),
            "ActionAlias": action.ActionAliasManager(ActionAlias, api),
            "ActionAliasExecution": action.ActionAliasExecutionManager(ActionAliasExecution, api),
            "ApiKey": core.ResourceManager(ApiKey, api),
            "Config": pack.ConfigManager(Config, api),
            "ConfigSchema": core.ResourceManager(ConfigSchema, api),
            "Execution": execution.ExecutionManager(Execution, api),
            "Inquiry": execution.InquiryManager(Inquiry, api),
            "KeyValuePair": core.KeyManager(KeyValuePair, api),
            "LiveAction": execution.ExecutionManager(LiveAction, api),
            "Pack": pack.PackManager(Pack, api),
            "Policy": core.ResourceManager(Policy, api),
            "PolicyType": core.ResourceManager(PolicyType, api),
            "Role": core.ResourceManager(Role, api),
            "Rule": core.ResourceManager(Rule, api),
            "RuleEnforcement": core.ResourceManager(RuleEnforcement, api),
            "RunnerType": core.ResourceManager(RunnerType, api),
            "Sensor": core.ResourceManager(Sensor, api),
            "Stream": reactor.StreamManager(stream),
            "Timer": core.ResourceManager(Timer, api),
            "Token": core.ResourceManager(Token, auth),
            "Trace": core.ResourceManager(Trace, api),
            "Trigger": core.ResourceManager(Trigger, api),
            "TriggerInstance": reactor.TriggerInstanceManager(TriggerInstance, api),
            "TriggerType": core.ResourceManager(TriggerType, api),
            "UserRoleAssignment": core.ResourceManager(UserRoleAssignment, api),
            "Webhook": reactor.WebhookManager(Webhook, api),
            "Workflow": execution.WorkflowManager(Workflow, api),
        }
        self._api = api

    def _http(self, url):
        return HTTPClient(
            url,
            cacert=self.cacert,
            debug=self.debug,
            token=self.token,
            api_key=self.api_key,
            basic_auth=self.basic_auth,
            timeout=self.timeout,
        )

    def get_user_info(self, **kwargs):
        """Who asks, as the API knows them."""
        return self._api.get("/user", **kwargs).json()

    def __repr__(self):
        return "<Client %s>" % (self.endpoints["api"],)


def _manager(name):
    return property(lambda self: self.managers[name])


for _attribute, _name in {
    "actionaliases": "ActionAlias",
    "actions": "Action",
    "aliasexecution": "ActionAliasExecution",
    "apikeys": "ApiKey",
    "config_schemas": "ConfigSchema",
    "configs": "Config",
    "executions": "Execution",
    "inquiries": "Inquiry",
    "keys": "KeyValuePair",
    "liveactions": "LiveAction",
    "packs": "Pack",
    "policies": "Policy",
    "policytypes": "PolicyType",
    "roles": "Role",
    "ruleenforcements": "RuleEnforcement",
    "rules": "Rule",
    "runners": "RunnerType",
    "sensors": "Sensor",
    "stream": "Stream",
    "timers": "Timer",
    "tokens": "Token",
    "trace": "Trace",
    "triggerinstances": "TriggerInstance",
    "triggertypes": "TriggerType",
    "userroleassignments": "UserRoleAssignment",
    "webhooks": "Webhook",
    "workflows": "Workflow",
}.items():
    setattr(Client, _attribute, _manager(_name))
