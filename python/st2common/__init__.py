"""What StackStorm's packs import as `st2common`: a library for pack code, not a server.

Modules of StackStorm's server (its database, queues and so on) are not here. Importing one of those gives a stand-in that
says, when it is used, what to use instead; see `server_only`.
"""

import sys

__all__ = ["__version__"]

__version__ = "3.8.0"


class _AbsentModules(object):
    """Asked by Python last, for submodules that no file defines. Cheap until then: every action starts with this import."""

    packages = ("st2common.", "st2actions.", "st2reactor.", "st2api.", "st2auth.", "st2stream.", "st2tests.")

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if not name.startswith(cls.packages):
            return None
        from st2common import server_only

        return server_only.find_spec(name)


if _AbsentModules not in sys.meta_path:
    sys.meta_path.append(_AbsentModules)
