import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from python_runner.forked import replace_environment
from python_runner.import_watch import ImportWatch, NotForkable
from python_runner.wire import Lines

PYTHON_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@unittest.skipUnless(sys.platform == "linux", "fork servers are for Linux")
class ImportWatchTest(unittest.TestCase):
    def watched(self, body):
        """What a watch says of `body`, in a process of its own whose descriptors and variables it may change."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                with ImportWatch() as watch:
                    body()
                try:
                    watch.check()
                    said = {"reads": watch.reads, "changes": watch.changes, "out": watch.stdout.decode()}
                except NotForkable as e:
                    said = str(e)
                os.write(write, json.dumps(said).encode())
            finally:
                os._exit(0)
        os.close(write)
        os.waitpid(pid, 0)
        with os.fdopen(read) as file:
            return json.loads(file.read())

    def test_a_quiet_import_is_fine(self):
        self.assertEqual(self.watched(lambda: None), {"reads": [], "changes": {}, "out": ""})

    def test_variables_that_are_read_are_named_whether_they_are_there_or_not(self):
        def body():
            os.environ.get("NOT_THERE")
            os.getenv("HOME")
            "PATH" in os.environ

        self.assertEqual(self.watched(body)["reads"], ["HOME", "NOT_THERE", "PATH"])
        self.assertIsNone(self.watched(lambda: dict(os.environ))["reads"])

    def test_variables_that_are_changed_are_kept(self):
        def body():
            os.environ["NEW"] = "1"
            os.environ.pop("PATH")

        self.assertEqual(self.watched(body)["changes"], {"NEW": "1", "PATH": None})

    def test_output_of_python_and_of_programs_is_kept(self):
        self.assertEqual(self.watched(lambda: subprocess.call(["echo", "hello"]))["out"], "hello\n")

    def test_what_forks_cannot_have_is_refused(self):
        kept = []
        wait = threading.Event().wait
        self.assertIn("starts threads", self.watched(lambda: threading.Thread(target=wait, daemon=True).start()))
        self.assertIn("makes threads", self.watched(lambda: kept.append(threading.Thread(target=wait))))
        self.assertIn("descriptors", self.watched(lambda: kept.append(socket.socketpair())))
        self.assertIn("signal", self.watched(lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN)))
        self.assertIn("processes", self.watched(lambda: os.fork() or os._exit(0)))
        self.assertIn("prints more", self.watched(lambda: os.write(1, b"x" * 100000)))
        # A file that is only read is everybody's.
        self.assertEqual(self.watched(lambda: kept.append(open(__file__)))["out"], "")


class WireTest(unittest.TestCase):
    def test_messages_survive_being_cut_anywhere(self):
        here, there = socket.socketpair()
        lines = Lines(there)
        try:
            here.sendall(b'{"a": 1}\n{"b"')
            self.assertEqual(lines.receive(), [{"a": 1}])
            here.sendall(b": 2}\n")
            self.assertEqual(lines.receive(), [{"b": 2}])
            here.close()
            self.assertIsNone(lines.receive())
        finally:
            lines.close()


class EnvironmentTest(unittest.TestCase):
    def test_the_environment_becomes_exactly_what_is_wanted_for_programs_too(self):
        before = dict(os.environ)
        wanted = {"PATH": before.get("PATH", ""), "ONLY": "x"}
        try:
            replace_environment(before, wanted)
            self.assertEqual(dict(os.environ), wanted)
            self.assertEqual(sorted(subprocess.check_output(["env"]).decode().split("\n")[:-1])[0], "ONLY=x")
        finally:
            replace_environment(wanted, before)
        self.assertEqual(dict(os.environ), before)


@unittest.skipUnless(sys.platform == "linux", "fork servers are for Linux")
class MarkTest(unittest.TestCase):
    PROGRAM = (
        "import os, time\n"
        "from python_runner.linux import EnvironmentMark\n"
        "mark = EnvironmentMark('MARK')\n"
        "if os.fork() == 0:\n"
        "    mark.write('abc')\n"
        "    if os.fork() == 0:\n"
        "        os._exit(0 if b'MARK=abc\\0' in open('/proc/self/environ', 'rb').read() else 1)\n"
        "    os._exit(os.wait()[1] and 1)\n"
        "assert os.wait()[1] == 0\n"
        "assert b'MARK=----\\0' in open('/proc/self/environ', 'rb').read()\n"
        "try:\n    mark.write('12345')\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError('too long')\n"
    )

    def test_a_fork_and_its_forks_carry_the_mark_where_others_look(self):
        environment = dict(os.environ, MARK="----", PYTHONPATH=PYTHON_FOLDER)
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-c", self.PROGRAM], env=environment, cwd=folder, check=True)


if __name__ == "__main__":
    unittest.main()
