"""What StackStorm's packs import as `st2common`: a library for pack code, not a server.

Modules of StackStorm's server (its database, queues and so on) are not here. Importing one of those gives a stand-in that
says, when it is used, what to use instead; see `server_only`. Whoever runs pack code imports this first, so that `st2client`,
`six` and `eventlet` are there for packs that do not bring their own.
"""

import os
import sys

__all__ = ["__version__"]

__version__ = "3.8.0"

_FALLBACK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fallback")


class _AbsentModules(object):
    """Asked by Python last, for what it finds nowhere else. Cheap until then: every action starts with this import."""

    fallbacks = ("st2client", "six", "eventlet")
    packages = ("st2common.", "st2actions.", "st2reactor.", "st2api.", "st2auth.", "st2stream.", "st2tests.")

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in cls.fallbacks:
            from importlib.machinery import PathFinder

            return PathFinder.find_spec(name, [_FALLBACK])
        if name.startswith(cls.packages):
            from st2common import server_only

            return server_only.find_spec(name)
        return None


if _AbsentModules not in sys.meta_path:
    sys.meta_path.append(_AbsentModules)
