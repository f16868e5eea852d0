"""Versions, compared."""

import re
import sys

__all__ = [
    "complex_semver_match",
    "get_python_version",
    "get_stackstorm_version",
]


def get_stackstorm_version():
    """The version of StackStorm that Squall stands in for."""
    import st2common

    return st2common.__version__


def get_python_version():
    return "%d.%d" % sys.version_info[:2]


def complex_semver_match(version, version_specifier):
    """True when `1.2.3` satisfies all of `>=1.0.0, <2.0.0`."""
    return all(_satisfies(version, one.strip()) for one in version_specifier.split(",") if one.strip())


def _satisfies(version, specifier):
    match = re.match(r"(>=|<=|==|!=|>|<|=)?\s*v?(.+)$", specifier)
    operator, other = match[1] or "==", match[2]
    a, b = _key(version), _key(other)
    return {">=": a >= b, "<=": a <= b, "==": a == b, "=": a == b, "!=": a != b, ">": a > b, "<": a < b}[operator]


def _key(version):
    """Numbers first; a pre-release (`1.0.0-rc1`, `3.0dev`) comes before its release."""
    match = re.match(r"v?(\d+(?:\.\d+)*)[-.]?([0-9A-Za-z.-]*)", version.strip())
    if not match:
        raise ValueError("%r is no version" % (version,))
    numbers = [int(one) for one in match[1].split(".")]
    return numbers + [0] * (3 - len(numbers)), not match[2] or bool(re.match(r"\d+$", match[2])), match[2]
