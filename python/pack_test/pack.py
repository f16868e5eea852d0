"""A pack's folder, as far as its tests need it."""

import os
import re

from pack_test.environment import CannotTest

__all__ = ["Pack"]

TEST_FOLDERS = ("tests", os.path.join("actions", "tests"), os.path.join("sensors", "tests"))
IGNORED = ("fixtures", "__pycache__", "virtualenv", "node_modules")


class Pack(object):
    def __init__(self, directory):
        self.path = os.path.realpath(directory)
        self.name = os.path.basename(self.path)
        if not os.path.isdir(self.path):
            raise CannotTest("there is no folder %s" % (directory,))
        if not os.path.isfile(os.path.join(self.path, "pack.yaml")):
            raise CannotTest("%s is no pack: it has no file pack.yaml" % (directory,))

    def test_files(self, pattern=None):
        """Paths of `test_*.py`, sorted; with a pattern, those with it in their path below the pack's folder."""
        found = []
        for folder in TEST_FOLDERS:
            for here, names in self._folders(os.path.join(self.path, folder)):
                found += [
                    os.path.join(here, name) for name in names if name.startswith("test_") and name.endswith(".py")
                ]
        return sorted(one for one in found if not pattern or pattern in os.path.relpath(one, self.path))

    def has_test_functions(self):
        """True when tests are functions, which pytest finds and unittest does not."""
        for path in self.test_files():
            with open(path, encoding="utf-8", errors="replace") as file:
                if re.search(r"(?m)^(?:async )?def test_", file.read()):
                    return True
        return False

    def python_files(self):
        """Every Python file of the pack."""
        for here, names in self._folders(self.path):
            for name in names:
                if name.endswith(".py"):
                    yield os.path.join(here, name)

    def requirement_files(self):
        """`requirements.txt` and `requirements-tests.txt`, those there are."""
        paths = [os.path.join(self.path, name) for name in ("requirements.txt", "requirements-tests.txt")]
        return [path for path in paths if os.path.isfile(path)]

    def import_paths(self):
        """What StackStorm's test runner puts on PYTHONPATH: actions and sensors are imported by their files' names."""
        folders = (
            "actions",
            os.path.join("actions", "lib"),
            "sensors",
            os.path.join("sensors", "lib"),
            "",
            "lib",
            "etc",
        )
        paths = [os.path.join(self.path, folder).rstrip(os.sep) for folder in folders]
        return [path for path in paths if os.path.isdir(path)]

    @staticmethod
    def _folders(top):
        for here, folders, names in os.walk(top):
            folders[:] = sorted(one for one in folders if one not in IGNORED and not one.startswith("."))
            # A virtualenv that somebody made in the pack's folder.
            if "pyvenv.cfg" in names:
                folders[:] = []
                continue
            yield here, sorted(names)
