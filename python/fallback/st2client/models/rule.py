"""Another place of what `reactor` has."""

from st2client.models.reactor import Rule, RuleEnforcement

__all__ = ["Rule", "RuleEnforcement"]
