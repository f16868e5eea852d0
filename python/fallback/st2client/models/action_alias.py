"""Action aliases."""

from st2client.models.core import Resource

__all__ = ["ActionAlias", "ActionAliasMatch"]


class ActionAlias(Resource):
    _alias = "actionalias"
    _display_name = "Action Alias"
    _plural = "ActionAliases"
    _plural_display_name = "Action Aliases"
    _path = "actionalias"


class ActionAliasMatch(Resource):
    _alias = "actionaliasmatch"
    _display_name = "ActionAlias Match"
    _plural = "ActionAliasMatches"
    _plural_display_name = "Action Alias Matches"
    _path = "actionalias"
