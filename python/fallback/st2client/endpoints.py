"""Where the services are."""

import os

__all__ = ["endpoints_of"]

DEFAULT_BASE_URL = "http://127.0.0.1"
PORTS = {"api": 9101, "auth": 9100, "stream": 9102}


def endpoints_of(base_url=None, auth_url=None, api_url=None, stream_url=None, api_version=None):
    """Service -> url: what is given, else of the environment, else the base url with StackStorm's ports.

    `ST2_API_URL` counts more than a given `base_url`, as in StackStorm: in an action, `Client(base_url="http://localhost")` means the
    server that runs the action. Squall answers for all three services at one address, so where the API's url is known,
    sign-in and stream are looked for there too.
    """
    environment = os.environ
    version = api_version or environment.get("ST2_API_VERSION") or "v1"
    base = (base_url or environment.get("ST2_BASE_URL") or DEFAULT_BASE_URL).rstrip("/")
    api = api_url or environment.get("ST2_API_URL") or environment.get("ST2_ACTION_API_URL")
    found = {"api": api or "%s:%d/%s" % (base, PORTS["api"], version)}
    for service, given, default in (
        ("auth", auth_url, "%s:%d" % (base, PORTS["auth"])),
        ("stream", stream_url, "%s:%d/%s" % (base, PORTS["stream"], version)),
    ):
        found[service] = given or environment.get("ST2_%s_URL" % service.upper()) or api or default
    return {service: url.rstrip("/") for service, url in found.items()}
