"""Semantic versions."""

from st2common.util.versioning import _key, complex_semver_match

__all__ = [
    "version_bump_major",
    "version_bump_minor",
    "version_bump_patch",
    "version_compare",
    "version_equal",
    "version_less_than",
    "version_match",
    "version_more_than",
    "version_strip_patch",
]


def version_compare(value, pattern):
    """-1, 0 or 1."""
    a, b = _key(value), _key(pattern)
    return (a > b) - (a < b)


def version_more_than(value, pattern):
    return version_compare(value, pattern) == 1


def version_less_than(value, pattern):
    return version_compare(value, pattern) == -1


def version_equal(value, pattern):
    return version_compare(value, pattern) == 0


def version_match(value, pattern):
    return complex_semver_match(value, pattern)


def _bumped(value, at):
    numbers = _key(value)[0][: at + 1]
    return ".".join(str(one) for one in numbers[:at] + [numbers[at] + 1] + [0] * (2 - at))


def version_bump_major(value):
    return _bumped(value, 0)


def version_bump_minor(value):
    return _bumped(value, 1)


def version_bump_patch(value):
    return _bumped(value, 2)


def version_strip_patch(value):
    return "%d.%d" % tuple(_key(value)[0][:2])
