"""Questions to people."""

from st2client.models.core import Resource

__all__ = ["Inquiry"]


class Inquiry(Resource):
    _alias = "inquiry"
    _display_name = "Inquiry"
    _plural = "Inquiries"
    _plural_display_name = "Inquiries"
    _path = "inquiries"
