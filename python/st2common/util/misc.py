"""Small tools for texts, dicts and numbers."""

import collections.abc
import functools
import os
import re

__all__ = [
    "compare_path_file_name",
    "deep_update",
    "get_normalized_file_path",
    "ignore_and_log_exception",
    "lowercase_value",
    "prefix_dict_keys",
    "rstrip_last_char",
    "sanitize_output",
    "strip_shell_chars",
]


def prefix_dict_keys(dictionary, prefix="_"):
    return {"%s%s" % (prefix, key): value for key, value in dictionary.items()}


def compare_path_file_name(file_path_a, file_path_b):
    """For sorting by file name: negative, zero or positive."""
    a, b = os.path.basename(file_path_a), os.path.basename(file_path_b)
    return (a > b) - (a < b)


def strip_shell_chars(input_str):
    """Without the one line end (and `\\r`) that a shell puts after output."""
    return None if input_str is None else rstrip_last_char(rstrip_last_char(str(input_str), "\n"), "\r")


def rstrip_last_char(input_str, char_to_strip):
    if not input_str or not char_to_strip or not input_str.endswith(char_to_strip):
        return input_str
    return input_str[: -len(char_to_strip)]


def sanitize_output(input_str, uses_pty=False):
    text = strip_shell_chars(input_str)
    return text.replace("\r\n", "\n") if uses_pty and text else text


def deep_update(d, u):
    """`d` with what `u` has, dict into dict; changes `d`."""
    for key, value in u.items():
        if isinstance(value, collections.abc.Mapping):
            d[key] = deep_update(d.get(key) or {}, value)
        else:
            d[key] = value
    return d


def get_normalized_file_path(file_path):
    path = os.path.normpath(os.path.expanduser(file_path))
    return re.sub(r"^//", "/", path)


def lowercase_value(value):
    """Texts in lower case, in lists and dicts too."""
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, (list, tuple, set)):
        return type(value)(lowercase_value(one) for one in value)
    if isinstance(value, dict):
        return {lowercase_value(key): lowercase_value(one) for key, one in value.items()}
    return value


def ignore_and_log_exception(exc_classes=(Exception,), logger=None, level=None):
    """A decorator: these exceptions are logged and the answer is None."""

    def decorate(function):
        @functools.wraps(function)
        def guarded(*args, **kwargs):
            try:
                return function(*args, **kwargs)
            except exc_classes as e:
                if logger:
                    logger.log(level or 30, "%s failed: %s", function.__name__, e)
                return None

        return guarded

    return decorate
