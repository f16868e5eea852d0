import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

from pack_test.environment import CannotTest
from pack_test.implied import implied_packages
from pack_test.pack import Pack

LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICKETS = os.path.join(LIBRARY, "tests", "packs", "tickets")


class PackTestTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.pack = os.path.join(folder.name, "mine")
        self.write("pack.yaml", "ref: mine\nname: mine\n")

    def write(self, name, content):
        path = os.path.join(self.pack, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(textwrap.dedent(content))

    def run_tests(self, pack=None, *words):
        environment = dict(
            os.environ, PYTHONPATH=LIBRARY, SQUALL_CACHE=os.path.join(os.path.dirname(self.pack), "cache")
        )
        command = [sys.executable, "-m", "pack_test", pack or self.pack, *words]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        return run.returncode, run.stdout + run.stderr

    def test_a_pack_written_for_stackstorm_passes(self):
        pack = os.path.join(os.path.dirname(self.pack), "tickets")
        shutil.copytree(TICKETS, pack, ignore=shutil.ignore_patterns("__pycache__"))
        status, text = self.run_tests(pack, "--no-virtualenv")
        self.assertEqual(status, 0, text)
        # Eight: the base class of the tests says that it is none.
        self.assertIn("Ran 8 tests", text)
        self.assertFalse([folder for folder, _, _ in os.walk(pack) if folder.endswith("__pycache__")])

    def test_only_files_of_the_pattern_are_run(self):
        status, text = self.run_tests(TICKETS, "test_sensor", "--no-virtualenv")
        self.assertEqual(status, 0, text)
        self.assertIn("Ran 1 test ", text)
        status, text = self.run_tests(TICKETS, "nowhere", "--no-virtualenv")
        self.assertEqual(status, 2)
        self.assertIn("tests/test_action_open.py", text)

    def test_failures_are_status_1_with_their_place(self):
        self.write(
            "tests/test_it.py",
            "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): self.assertEqual(1, 2)\n",
        )
        status, text = self.run_tests(None, "--no-virtualenv")
        self.assertEqual(status, 1)
        self.assertIn("tests/test_it.py", text)

    def test_a_file_that_cannot_be_imported_fails_and_the_others_run(self):
        self.write("tests/test_bad.py", "import no_such_package_anywhere\n")
        self.write("tests/test_good.py", "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n")
        status, text = self.run_tests(None, "--no-virtualenv")
        self.assertEqual(status, 1)
        self.assertIn("Ran 2 tests", text)
        self.assertIn("cannot import tests/test_bad.py", text)
        self.assertIn("add it to requirements.txt", text)

    def test_tests_in_packages_may_import_relatively(self):
        self.write("tests/__init__.py", "")
        self.write("tests/shared.py", "VALUE = 5\n")
        self.write("tests/deep/__init__.py", "")
        body = "import unittest\nfrom tests.shared import VALUE\nfrom ..shared import VALUE as same\n"
        self.write(
            "tests/deep/test_it.py",
            body + "class T(unittest.TestCase):\n    def test_x(self): self.assertEqual(VALUE, same)\n",
        )
        status, text = self.run_tests(None, "--no-virtualenv")
        self.assertEqual(status, 0, text)

    def test_modules_of_actions_sensors_and_libraries_are_found_by_name(self):
        for path in ("actions/act.py", "actions/lib/alib.py", "sensors/sens.py", "lib/common.py", "tests/help.py"):
            self.write(path, "import unittest\nVALUE = __file__\n")
        body = "import act, sens, common, help, alib, unittest\nfrom lib import alib as same\nfrom tests import help\nimport actions.act\n"
        self.write("tests/test_it.py", body + "class T(unittest.TestCase):\n    def test_x(self): pass\n")
        status, text = self.run_tests(None, "--no-virtualenv")
        self.assertEqual(status, 0, text)

    def test_what_stops_it_says_what_to_do(self):
        for words, message in (
            ((self.pack,), "has no tests: put files test_*.py into"),
            ((os.path.join(self.pack, "nothing"),), "there is no folder"),
            ((LIBRARY,), "is no pack: it has no file pack.yaml"),
            ((TICKETS, "--python", "python-that-is-not"), "name one with --python"),
            ((TICKETS, "--python", "true"), "is no Python 3.9 or newer"),
        ):
            with self.subTest(words=words):
                status, text = self.run_tests(*words)
                self.assertEqual(status, 2, text)
                self.assertIn(message, text)

    def test_files_without_tests_are_no_success(self):
        self.write("tests/test_it.py", "")
        self.assertEqual(self.run_tests(None, "--no-virtualenv")[0], 2)

    def test_functions_are_run_by_pytest(self):
        self.write("tests/test_it.py", "def test_it():\n    assert 1 + 1 == 2\n")
        self.assertEqual(implied_packages(Pack(self.pack)), ["pytest"])
        status, text = self.run_tests(None, "--no-virtualenv")
        if importlib.util.find_spec("pytest") is None:
            self.assertEqual(status, 2)
            self.assertIn("which pytest runs where it is installed", text)
        else:
            self.assertEqual(status, 0, text)
            self.assertIn("1 passed", text)
            self.assertFalse(os.path.exists(os.path.join(self.pack, ".pytest_cache")))

    def test_packages_that_are_imported_and_not_named_are_found(self):
        self.write("actions/a.py", "import os, yaml, requests, mine_too\nfrom jinja2 import Template\n")
        self.write("actions/mine_too.py", "try:\n    import simplejson as json\nexcept ImportError:\n    import json\n")
        self.write("actions/broken.py", "def (\n")
        self.write("requirements.txt", "Requests>=2  # http\n-e git+https://example.org/x#egg=Jinja2\n")
        self.assertEqual(implied_packages(Pack(self.pack)), ["pyyaml"])

    def test_a_folder_that_is_no_pack_is_refused(self):
        self.assertRaises(CannotTest, Pack, os.path.dirname(self.pack))


if __name__ == "__main__":
    unittest.main()
