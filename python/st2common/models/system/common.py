"""References to resources."""

__all__ = ["InvalidReferenceError", "InvalidResourceReferenceError", "ResourceReference"]


class InvalidReferenceError(ValueError):
    pass


class InvalidResourceReferenceError(ValueError):
    def __init__(self, ref):
        super().__init__("Invalid resource reference: %s" % (ref,))
        self.ref = ref


class ResourceReference(object):
    """`pack.name`; the name may have dots itself."""

    def __init__(self, pack=None, name=None):
        self.pack = self.validate_pack_name(pack)
        self.name = name

    @property
    def ref(self):
        return "%s.%s" % (self.pack, self.name) if self.pack and self.name else None

    @staticmethod
    def is_resource_reference(ref):
        return bool(ref) and "." in ref and len(ref.split(".", 1)) == 2

    @classmethod
    def from_string_reference(cls, ref):
        return cls(pack=cls.get_pack(ref), name=cls.get_name(ref))

    @classmethod
    def to_string_reference(cls, pack=None, name=None):
        if not pack or not name:
            raise ValueError("Both pack and name needed for building ref. pack=%s, name=%s" % (pack, name))
        return "%s.%s" % (cls.validate_pack_name(pack), name)

    @staticmethod
    def get_pack(ref):
        if not ref or "." not in ref:
            raise InvalidResourceReferenceError(ref)
        return ref.split(".", 1)[0]

    @staticmethod
    def get_name(ref):
        if not ref or "." not in ref:
            raise InvalidResourceReferenceError(ref)
        return ref.split(".", 1)[1]

    @staticmethod
    def validate_pack_name(pack):
        if pack and "." in pack:
            raise ValueError('Pack name should not contain "."')
        return pack

    def __eq__(self, other):
        return isinstance(other, ResourceReference) and self.__dict__ == other.__dict__

    __hash__ = None

    def __repr__(self):
        return "<ResourceReference pack=%s,name=%s>" % (self.pack, self.name)
