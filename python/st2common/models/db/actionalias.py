"""An action alias as its metadata file has it."""

__all__ = ["ActionAliasDB"]


class ActionAliasDB(object):
    """Attributes `name`, `pack`, `action_ref`, `description`, `enabled`, `formats`, `ack`, `result`, `extra` ..."""

    def __init__(self, **attributes):
        self.name = None
        self.pack = None
        self.description = None
        self.action_ref = None
        self.enabled = True
        self.formats = []
        self.ack = {}
        self.result = {}
        self.extra = {}
        self.immutable_parameters = {}
        self.__dict__.update(attributes)

    @property
    def ref(self):
        return "%s.%s" % (self.pack, self.name)

    def get_format_strings(self):
        """Every format that commands are matched with."""
        found = []
        for one in self.formats:
            if isinstance(one, dict):
                representation = one.get("representation") or []
                found.extend([representation] if isinstance(representation, str) else representation)
            else:
                found.append(one)
        return found
