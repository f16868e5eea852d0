"""Text and bytes, from the days of Python 2."""

__all__ = ["mock_open_name", "to_ascii", "to_unicode"]

mock_open_name = "builtins.open"


def to_unicode(value):
    if not isinstance(value, (bytes, str)):
        raise ValueError('Value "%s" must be a string.' % (value,))
    return value.decode("utf-8") if isinstance(value, bytes) else value


def to_ascii(value):
    """Without the characters that ASCII lacks; None for None."""
    if value is None:
        return None
    return to_unicode(value).encode("ascii", "ignore").decode("ascii")


def add_st2actions_pythonrunner_to_sys_path():
    """There is nothing to add: `st2actions.runners.pythonrunner` is always found."""
