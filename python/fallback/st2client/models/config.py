"""Packs' configurations."""

from st2client.models.core import Resource

__all__ = ["Config", "ConfigSchema"]


class Config(Resource):
    _alias = "config"
    _display_name = "Config"
    _plural = "Configs"
    _plural_display_name = "Configs"
    _path = "configs"


class ConfigSchema(Resource):
    _alias = "configschema"
    _display_name = "Config Schema"
    _plural = "ConfigSchemas"
    _plural_display_name = "Config Schemas"
    _path = "config_schemas"
