"""Errors of StackStorm's command line that pack code catches."""

from st2client.utils.httpclient import add_auth_token_to_kwargs_from_env

__all__ = ["ResourceNotFoundError", "ResourceViewer", "add_auth_token_to_kwargs_from_cli"]


class ResourceNotFoundError(Exception):
    pass


class ResourceViewer(object):
    """Nothing to see: pack code has no terminal."""


add_auth_token_to_kwargs_from_cli = add_auth_token_to_kwargs_from_env
