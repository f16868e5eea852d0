"""An answer of an HTTP library, made up."""

import json

__all__ = ["FakeResponse"]


class FakeResponse(object):
    def __init__(self, text, status_code, reason, *args):
        self.text = text
        self.content = text
        self.status_code = status_code
        self.reason = reason

    def json(self):
        return json.loads(self.text)

    def raise_for_status(self):
        if self.status_code >= 400:
            raise OSError(self.reason)
