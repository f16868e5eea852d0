"""Keys of the datastore that are the system's."""

__all__ = ["InvalidUserKeyReferenceError", "UserKeyReference"]


class InvalidUserKeyReferenceError(ValueError):
    def __init__(self, ref):
        super().__init__("Invalid key reference: %s" % (ref,))
        self.ref = ref


class UserKeyReference(object):
    """`user:name`."""

    def __init__(self, user, name):
        self.user = user
        self.name = name
        self.ref = self.to_string_reference(user, name)

    @staticmethod
    def to_string_reference(user, name):
        if not user or not name:
            raise ValueError("Both user and name needed for building ref. user=%s, name=%s" % (user, name))
        return "%s:%s" % (user, name)

    @staticmethod
    def from_string_reference(ref):
        user, separator, name = ref.partition(":")
        if not separator:
            raise InvalidUserKeyReferenceError(ref)
        return user, name
