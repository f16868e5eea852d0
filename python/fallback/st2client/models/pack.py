"""Packs."""

from st2client.models.core import Resource

__all__ = ["Pack"]


class Pack(Resource):
    _alias = "pack"
    _display_name = "Pack"
    _plural = "Packs"
    _plural_display_name = "Packs"
