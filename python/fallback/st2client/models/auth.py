"""Sign-in."""

from st2client.models.core import Resource

__all__ = ["ApiKey", "Token"]


class Token(Resource):
    _alias = "token"
    _display_name = "Access Token"
    _plural = "Tokens"
    _plural_display_name = "Access Tokens"
    _path = "tokens"


class ApiKey(Resource):
    _alias = "apikey"
    _display_name = "API Key"
    _plural = "ApiKeys"
    _plural_display_name = "API Keys"
    _path = "apikeys"
