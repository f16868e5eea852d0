"""A pack's configuration as its actions get it."""

__all__ = ["ActionConfig"]


class ActionConfig(dict):
    """A dict whose missing keys are reported with the pack, the key and the file where the key belongs."""

    def __init__(self, pack, path, values):
        super().__init__(values or {})
        self._pack = pack
        self._path = path

    def __missing__(self, key):
        raise ValueError(
            'The configuration of pack "%s" has no key "%s". Add it to %s and register the configs again.'
            % (self._pack, key, self._path)
        )
