"""Webhooks."""

from st2client.models.core import Resource

__all__ = ["Webhook"]


class Webhook(Resource):
    _alias = "webhook"
    _display_name = "Webhook"
    _plural = "Webhooks"
    _plural_display_name = "Webhooks"
