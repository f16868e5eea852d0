"""Where the API is."""

import os

from st2common.constants.api import DEFAULT_API_VERSION

__all__ = ["get_base_public_api_url", "get_full_public_api_url"]


def get_base_public_api_url():
    """Without version or slash at its end: `http://127.0.0.1:9101`."""
    url = (os.environ.get("ST2_ACTION_API_URL") or os.environ.get("ST2_API_URL") or "http://127.0.0.1:9101").rstrip("/")
    return url[: -len("/" + DEFAULT_API_VERSION)] if url.endswith("/" + DEFAULT_API_VERSION) else url


def get_full_public_api_url(api_version=DEFAULT_API_VERSION):
    return "%s/%s" % (get_base_public_api_url(), api_version)
