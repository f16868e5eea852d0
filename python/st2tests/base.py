"""Where tests of packs import their base classes from.

`CleanDbTestCase` and its like are here for tests that name them without a need: there is no database, and they are plain
test cases.
"""

from st2tests.action_aliases import BaseActionAliasTestCase
from st2tests.actions import BaseActionTestCase
from st2tests.pack_resource import BasePackResourceTestCase, PackTestCase
from st2tests.sensors import BaseSensorTestCase

__all__ = [
    "BaseActionAliasTestCase",
    "BaseActionTestCase",
    "BasePackResourceTestCase",
    "BaseSensorTestCase",
    "BaseTestCase",
    "CleanDbTestCase",
    "CleanFilesTestCase",
    "DbTestCase",
    "EventletTestCase",
    "IntegrationTestCase",
    "RunnerTestCase",
    "make_mock_stream_readline",
]


class BaseTestCase(PackTestCase):
    pass


class EventletTestCase(BaseTestCase):
    pass


class DbTestCase(BaseTestCase):
    pass


class CleanDbTestCase(BaseTestCase):
    pass


class RunnerTestCase(BaseTestCase):
    pass


class IntegrationTestCase(BaseTestCase):
    pass


class CleanFilesTestCase(BaseTestCase):
    """Removes the files and folders of `to_delete_files` and `to_delete_directories` after each test."""

    def setUp(self):
        super().setUp()
        self.to_delete_files = []
        self.to_delete_directories = []

    def tearDown(self):
        import os
        import shutil

        super().tearDown()
        for path in self.to_delete_files:
            if os.path.exists(path):
                os.remove(path)
        for path in self.to_delete_directories:
            shutil.rmtree(path, ignore_errors=True)


def make_mock_stream_readline(mock_stream, mock_data, stop_counter=1, sleep_delay=0):
    """A `readline` that gives the items one after another, then closes the stream."""
    import time

    left = iter(list(mock_data))

    def readline():
        time.sleep(sleep_delay)
        line = next(left, None)
        if line is None:
            mock_stream.closed = True
            return ""
        return line

    return readline
