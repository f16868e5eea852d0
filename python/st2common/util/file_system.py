"""Files."""

import fnmatch
import os

__all__ = ["get_file_list"]


def get_file_list(directory, exclude_patterns=None):
    """The files below the directory, by their paths in it, without those that match a pattern."""
    found = []
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), directory)
            if not any(fnmatch.fnmatch(path, pattern) for pattern in exclude_patterns or []):
                found.append(path)
    return sorted(found)
