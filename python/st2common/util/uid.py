"""Unique ids of resources: `action:core:local`."""

__all__ = ["parse_uid"]

UID_SEPARATOR = ":"


def parse_uid(uid):
    """The kind of the resource, and the rest of the id: `("action", "core:local")`."""
    kind, separator, rest = uid.partition(UID_SEPARATOR)
    if not separator:
        raise ValueError("Invalid uid: %s" % (uid,))
    return kind, rest
