import unittest2
from legacy import Legacy

from st2tests.base import BaseActionTestCase


class LegacyTestCase(BaseActionTestCase):
    action_cls = Legacy

    def test_run(self):
        self.assertEqual(self.get_action_instance().run(), "fine")

    def test_database(self):
        with self.assertRaisesRegexp(RuntimeError, "st2client.client.Client"):
            self.get_action_instance().run(touch_database=True)


class OldStyleTestCase(unittest2.TestCase):
    def test_items(self):
        self.assertItemsEqual([1, 2], [2, 1])
