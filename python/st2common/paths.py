"""Where pack code finds modules that it may bring itself."""

import os
import sys

__all__ = ["FALLBACK", "append_fallback"]

# st2client and six, for packs that do not bring their own.
FALLBACK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fallback")


def append_fallback():
    """Puts our own `st2client` and `six` at the very end of `sys.path`, so that those of the virtualenv win.

    Whoever starts pack code calls this once, before it imports any of it. Calling it again moves the folder back to the end.
    """
    sys.path[:] = [one for one in sys.path if one != FALLBACK] + [FALLBACK]
