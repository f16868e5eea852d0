"""A client made of the environment, for scripts."""

from st2client.client import Client

__all__ = ["BaseCLIApp"]


class BaseCLIApp(object):
    def get_client(self, args=None, debug=False):
        """`args` may have the attributes that `Client` takes."""
        names = ("base_url", "auth_url", "api_url", "stream_url", "api_version", "cacert")
        given = {name: getattr(args, name, None) for name in names}
        return Client(debug=debug, **given)
