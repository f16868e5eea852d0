"""What may stand where a pack is named: `name`, `name=1.2.3`, `https://host/repo.git=v1`, `owner/repo`, `file:///folder`."""

import collections
import re
import urllib.parse

# What is asked for: a short name to look up in the indexes, or a URL; and a version, tag, branch or commit, or None.
PackSpec = collections.namedtuple("PackSpec", "text name url revision")

_SCP = re.compile(r"^[\w.-]+@[\w.-]+:(?!//)")
_SHORT = re.compile(r"^[\w-]+$")
_OWNER_AND_REPOSITORY = re.compile(r"^\w[\w.-]*/\w[\w.-]*$")
_SCHEMES = ("https", "http", "ssh", "git", "git+ssh", "file")


def parse(text):
    """Takes a specification apart. Raises ValueError that says what is wrong with it."""
    text = text.strip()
    shown = without_password(text)
    # In a URL's query `=` means something else.
    place, separator, revision = text.rpartition("=")
    if not separator or "?" in place:
        place, revision = text, None
    if revision is not None and not re.match(r"^[\w.+/-]+$", revision) or (revision or "").startswith("-"):
        raise ValueError('"%s" names no revision after the "="; write a version, tag, branch or commit' % shown)
    if not place or place.startswith("-"):
        raise ValueError('"%s" names no pack; give its name, or the URL of its repository' % shown)
    if _SHORT.match(place):
        return PackSpec(shown, place, None, revision)
    if _SCP.match(place):
        return PackSpec(shown, None, place, revision)
    scheme = urllib.parse.urlsplit(place).scheme
    if scheme in _SCHEMES and "://" in place:
        return PackSpec(shown, None, place, revision)
    if _OWNER_AND_REPOSITORY.match(place):
        return PackSpec(shown, None, "https://github.com/" + place, revision)
    if scheme and "://" in place:
        raise ValueError('"%s": %s:// is not supported; use %s' % (shown, scheme, ", ".join(_SCHEMES)))
    if place.startswith(("/", "~", ".")):
        raise ValueError('"%s" is a path; a folder on the server is named file:///folder' % shown)
    raise ValueError('"%s" is no name of a pack (letters, digits, _ and -) and no URL' % shown)


def without_password(text):
    """The text with the credentials of every URL in it left out."""
    return re.sub(r"(\w+://)[^/@\s]+@", r"\1***@", text)
