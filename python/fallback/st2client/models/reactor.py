"""Sensors, triggers, their events, and rules."""

from st2client.models.core import Resource

__all__ = ["Rule", "RuleEnforcement", "Sensor", "Trigger", "TriggerInstance", "TriggerType"]


class Sensor(Resource):
    _alias = "sensor"
    _display_name = "Sensor"
    _plural = "Sensors"
    _plural_display_name = "Sensors"
    _path = "sensortypes"


class TriggerType(Resource):
    _alias = "triggertype"
    _display_name = "Trigger"
    _plural = "TriggerTypes"
    _plural_display_name = "Triggers"
    _path = "triggertypes"


class Trigger(Resource):
    _alias = "trigger"
    _display_name = "Trigger"
    _plural = "Triggers"
    _plural_display_name = "Triggers"


class TriggerInstance(Resource):
    _alias = "triggerinstance"
    _display_name = "Trigger Instance"
    _plural = "TriggerInstances"
    _plural_display_name = "Trigger Instances"
    _path = "triggerinstances"


class Rule(Resource):
    _alias = "rule"
    _display_name = "Rule"
    _plural = "Rules"
    _plural_display_name = "Rules"


class RuleEnforcement(Resource):
    _alias = "ruleenforcement"
    _display_name = "Rule Enforcement"
    _plural = "RuleEnforcements"
    _plural_display_name = "Rule Enforcements"
    _path = "ruleenforcements"
