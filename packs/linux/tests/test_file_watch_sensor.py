import logging
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sensors"))

from file_watch_sensor import FileWatchSensor  # noqa: E402


class Service:
    """Remembers what was dispatched."""

    def __init__(self):
        self.told = []

    def get_logger(self, name):
        return logging.getLogger(name)

    def dispatch(self, trigger, payload=None, trace_tag=None):
        self.told.append((trigger, payload["line"]))


class FileWatchSensorTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "app.log")
        self.service = Service()
        self.sensor = FileWatchSensor(self.service)
        self.sensor.setup()
        self.addCleanup(self.sensor.cleanup)

    def watch(self, ref="linux.one"):
        self.sensor.add_trigger({"ref": ref, "parameters": {"file_path": self.path}})
        self.addCleanup(self.sensor.remove_trigger, {"ref": ref, "parameters": {}})

    def write(self, text, mode="a"):
        with open(self.path, mode) as file:
            file.write(text)

    def lines(self):
        self.service.told.clear()
        self.sensor.look()
        return [line for _, line in self.service.told]

    def test_only_lines_that_come_after_it_began_are_told_and_only_whole_ones(self):
        self.write("old\n")
        self.watch()
        self.assertEqual(self.lines(), [])
        self.write("one\ntw")
        self.assertEqual(self.lines(), ["one"])
        self.write("o\r\n\n")
        self.assertEqual(self.lines(), ["two", ""])

    def test_a_file_that_comes_later_is_read_from_its_start(self):
        self.watch()
        self.assertEqual(self.lines(), [])
        self.write("first\n")
        self.assertEqual(self.lines(), ["first"])

    def test_a_rotated_file_is_read_to_its_end_and_the_new_one_from_its_start(self):
        self.write("")
        self.watch()
        self.write("before\n")
        self.assertEqual(self.lines(), ["before"])
        self.write("last words\nno end")
        os.rename(self.path, self.path + ".1")
        self.write("after\n")
        self.assertEqual(self.lines(), ["last words", "no end", "after"])

    def test_a_file_that_was_cut_is_read_from_its_start(self):
        self.write("a long line of the old content\n")
        self.watch()
        self.write("new\n", mode="w")
        self.assertEqual(self.lines(), ["new"])

    def test_bytes_that_are_no_text_do_not_stop_it(self):
        self.write("")
        self.watch()
        with open(self.path, "ab") as file:
            file.write(b"\xff\xfe\n")
        self.assertEqual(self.lines(), ["\ufffd\ufffd"])

    def test_every_trigger_of_a_file_is_told_and_none_after_it_was_removed(self):
        self.write("")
        self.watch("linux.one")
        self.watch("linux.two")
        self.write("x\n")
        self.lines()
        self.assertEqual(sorted(self.service.told), [("linux.one", "x"), ("linux.two", "x")])
        self.sensor.remove_trigger({"ref": "linux.one", "parameters": {"file_path": self.path}})
        self.write("y\n")
        self.lines()
        self.assertEqual(self.service.told, [("linux.two", "y")])

    def test_payload_names_path_and_file(self):
        seen = []
        self.service.dispatch = lambda trigger, payload=None: seen.append(payload)
        self.write("")
        self.watch()
        self.write("x\n")
        self.sensor.look()
        self.assertEqual(seen, [{"file_path": self.path, "file_name": "app.log", "line": "x"}])


if __name__ == "__main__":
    unittest.main()
