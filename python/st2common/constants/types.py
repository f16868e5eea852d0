"""Kinds of resources."""

__all__ = ["ResourceType"]


class ResourceType(object):
    ACTION = "action"
    ACTION_ALIAS = "action_alias"
    API_KEY = "api_key"
    EXECUTION = "execution"
    EXECUTION_REQUEST = "execution_request"
    INQUIRY = "inquiry"
    KEY_VALUE_PAIR = "key_value_pair"
    PACK = "pack"
    POLICY = "policy"
    POLICY_TYPE = "policy_type"
    RULE = "rule"
    RULE_ENFORCEMENT = "rule_enforcement"
    RUNNER_TYPE = "runner_type"
    SENSOR_TYPE = "sensor_type"
    STREAM = "stream"
    TIMER = "timer"
    TRACE = "trace"
    TRIGGER = "trigger"
    TRIGGER_INSTANCE = "trigger_instance"
    TRIGGER_TYPE = "trigger_type"
    UNKNOWN = "unknown"
    WEBHOOK = "webhook"
