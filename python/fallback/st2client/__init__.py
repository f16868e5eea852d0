"""StackStorm's client for Python, for packs that do not bring their own: the same names, over urllib.

This folder is the last of `sys.path`, so a `st2client` of the pack's virtualenv wins.
"""

__version__ = "3.8.0"
