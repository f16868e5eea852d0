"""Digests."""

import hashlib

__all__ = ["hash"]


def hash(value, salt=None, algorithm="sha512"):
    """The digest of the text in hexadecimal; with a salt, of salt and text."""
    digest = hashlib.new(algorithm)
    digest.update(((salt or "") + value).encode("utf-8"))
    return digest.hexdigest()
