"""Policies."""

from st2client.models.core import Resource

__all__ = ["Policy", "PolicyType"]


class PolicyType(Resource):
    _alias = "policytype"
    _display_name = "Policy Type"
    _plural = "PolicyTypes"
    _plural_display_name = "Policy Types"
    _path = "policytypes"


class Policy(Resource):
    _alias = "policy"
    _display_name = "Policy"
    _plural = "Policies"
    _plural_display_name = "Policies"
    _path = "policies"
