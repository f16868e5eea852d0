"""A pack's configuration, for code that is not given it as `self.config`."""

import os

__all__ = ["ContentPackConfigLoader"]


class ContentPackConfigLoader(object):
    """Asks the API for the pack's configuration; the values of secret attributes are masked there.

    Actions and sensors have the whole of it, with secrets, in `self.config`.
    """

    def __init__(self, pack_name, user=None):
        self.pack_name = pack_name
        self.user = user

    def get_config(self):
        from st2common.http_api import ApiConnection

        url = os.environ.get("ST2_ACTION_API_URL") or os.environ.get("ST2_API_URL")
        if not url:
            raise RuntimeError("outside an action or sensor there is no configuration; use self.config in one")
        token = os.environ.get("ST2_ACTION_AUTH_TOKEN") or os.environ.get("ST2_AUTH_TOKEN")
        response = ApiConnection(url, token=token).request("GET", "/configs/%s" % (self.pack_name,))
        if response.status_code == 404:
            return {}
        response.raise_for_status()
        return response.json().get("values") or {}
