"""What tests of a pack's actions, sensors and aliases have in common."""

import inspect
import os
import unittest

__all__ = ["BasePackResourceTestCase", "PackTestCase"]


class PackTestCase(unittest.TestCase):
    """A test case with the assertions of unittest2 and old Pythons, which many packs still use."""

    def assertItemsEqual(self, expected_seq, actual_seq, msg=None):
        self.assertCountEqual(expected_seq, actual_seq, msg)

    def assertDictContainsSubset(self, subset, dictionary, msg=None):
        self.assertEqual(dict(dictionary, **subset), dict(dictionary), msg)

    def assertEquals(self, first, second, msg=None):
        self.assertEqual(first, second, msg)

    def assertNotEquals(self, first, second, msg=None):
        self.assertNotEqual(first, second, msg)

    def assertAlmostEquals(self, *args, **kwargs):
        self.assertAlmostEqual(*args, **kwargs)

    def assertRegexpMatches(self, text, expected_regex, msg=None):
        self.assertRegex(text, expected_regex, msg)

    def assertNotRegexpMatches(self, text, unexpected_regex, msg=None):
        self.assertNotRegex(text, unexpected_regex, msg)

    def assertRaisesRegexp(self, expected_exception, expected_regex, *args, **kwargs):
        return self.assertRaisesRegex(expected_exception, expected_regex, *args, **kwargs)

    def assert_(self, expr, msg=None):
        self.assertTrue(expr, msg)


class BasePackResourceTestCase(PackTestCase):
    """Knows the pack its file lies in."""

    def get_fixture_content(self, fixture_path):
        """The text of a file in the pack's `tests/fixtures/`."""
        path = os.path.join(self._get_base_pack_path(), "tests", "fixtures", fixture_path)
        if not os.path.isfile(path):
            raise FileNotFoundError("the pack has no fixture %s: there is no file %s" % (fixture_path, path))
        with open(path, encoding="utf-8") as file:
            return file.read()

    def _get_base_pack_path(self):
        """The folder with pack.yaml above the test's file; without one, the folder above `tests`."""
        folder = os.path.dirname(os.path.abspath(inspect.getfile(type(self))))
        above = folder
        while not os.path.isfile(os.path.join(above, "pack.yaml")):
            if os.path.dirname(above) == above:
                return os.path.abspath(os.path.join(folder, ".."))
            above = os.path.dirname(above)
        return above
