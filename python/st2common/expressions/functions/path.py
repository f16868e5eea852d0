"""Paths."""

import os

__all__ = ["basename", "dirname"]

basename = os.path.basename
dirname = os.path.dirname
