import contextlib
import datetime
import decimal
import http.server
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import uuid
from unittest import mock

from st2reactor.container.channel import Channel, TooLarge
from st2reactor.container.loader import load_sensor_class
from st2reactor.container.payload import NotJson, plain
from st2reactor.container.sensor_service import SensorService, make_datastore

PYTHON = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class PayloadTest(unittest.TestCase):
    def test_json_is_left_as_it_is(self):
        payload = {"a": [1, None, True, 1.5, "x"]}
        self.assertIs(plain(payload), payload)

    def test_what_has_a_plain_form_gets_it(self):
        number = uuid.UUID(int=1)
        payload = {
            "at": datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc),
            "day": datetime.date(2020, 1, 2),
            "price": decimal.Decimal("1.10"),
            "id": number,
            "bytes": b"text",
            "set": {1},
            "nan": float("inf"),
        }
        self.assertEqual(
            plain(payload),
            {
                "at": "2020-01-02T00:00:00+00:00",
                "day": "2020-01-02",
                "price": "1.10",
                "id": str(number),
                "bytes": "text",
                "set": [1],
                "nan": None,
            },
        )

    def test_what_has_none_is_refused_with_its_place(self):
        loop = {}
        loop["x"] = loop
        for payload, words in (
            ({"a": [object()]}, r"payload\.a\[0\] is a object"),
            ({"a": b"\xff"}, "not UTF-8"),
            ({(1, 2): 3}, "no text"),
            (loop, "contains itself"),
        ):
            with self.assertRaisesRegex(NotJson, words):
                plain(payload)


class Server(object):
    """The other end of a channel, in a thread."""

    def __init__(self, test, answer):
        ours, theirs = socket.socketpair()
        self.seen = []
        self.channel = Channel(theirs.detach())
        self.socket = ours
        self.gone = threading.Event()
        self.messages = []
        self.channel.serve(self.messages.append, self.gone.set)

        def serve():
            for line in ours.makefile("rb"):
                message = json.loads(line)
                self.seen.append(message)
                if message["kind"] == "dispatch":
                    self.send({"kind": "answer", "id": message["id"], "error": answer(message)})

        self.thread = threading.Thread(target=serve, daemon=True)
        self.thread.start()
        test.addCleanup(self.close)

    def send(self, message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.gone.wait(10)
        self.thread.join()
        self.socket.close()
        os.close(self.channel._descriptor)


class Context(object):
    trace_tag = "from an object"


class ServiceTest(unittest.TestCase):
    def setUp(self):
        self.logger = logging.getLogger("tests.sensor")
        self.server = Server(self, lambda message: "unknown" if message["trigger"] == "p.no" else None)
        self.service = SensorService(self.server.channel, self.logger, None)

    def test_an_event_goes_out_with_its_trace_tag(self):
        self.service.dispatch("p.t", {"a": 1}, trace_tag="tag")
        self.service.dispatch(trigger={"id": "1", "ref": "p.x", "type": "p.t", "parameters": {}, "name": "n"})
        for context in (None, {"trace_tag": "from a dict"}, Context(), "a text"):
            self.service.dispatch_with_context("p.t", trace_context=context)
        tags = [message["trace_tag"] for message in self.server.seen]
        self.assertEqual(tags, ["tag", None, None, "from a dict", "from an object", "a text"])
        self.assertEqual(self.server.seen[0]["payload"], {"a": 1})
        self.assertEqual(
            self.server.seen[1]["trigger"], {"id": "1", "ref": "p.x", "type": "p.t", "parameters": {}}
        )

    def test_a_refusal_is_logged_and_not_raised(self):
        self.server.channel.line_bytes = 1000
        with self.assertLogs("tests.sensor", "WARNING") as logs:
            self.service.dispatch("p.no", {})
            self.service.dispatch("p.t", {"x": object()})
            self.service.dispatch("p.t", {"x": "y" * 2000})
        self.assertEqual(len(logs.output), 3)
        self.assertIn("p.no was not dispatched: unknown", logs.output[0])
        self.service.dispatch("p.t", {})
        self.assertEqual([one["kind"] for one in self.server.seen], ["dispatch", "refused", "refused", "dispatch"])

    def test_threads_dispatch_at_once_and_each_gets_its_own_answer(self):
        with self.assertLogs("tests.sensor", "WARNING") as logs:
            threads = [
                threading.Thread(target=self.service.dispatch, args=("p.no" if at % 2 else "p.t", {"at": at}))
                for at in range(40)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(len(logs.output), 20)
        self.assertEqual(self.server.channel._waiting, {})

    def test_it_does_not_depend_on_what_a_sensor_makes_of_threads(self):
        # As eventlet's monkey_patch does, but with nothing in their place.
        names = ("threading.Event", "threading.Lock", "threading.Condition", "_thread.allocate_lock", "os.read", "os.write")
        with contextlib.ExitStack() as stack:
            for name in names:
                stack.enter_context(mock.patch(name, None))
            self.service.dispatch("p.t", {})
        self.assertEqual(len(self.server.seen), 1)

    def test_loggers_are_below_the_sensors_own(self):
        self.assertEqual(self.service.get_logger("x").name, "tests.sensor.x")

    def test_other_messages_are_handed_on_and_the_end_is_noticed(self):
        self.server.send({"kind": "trigger", "change": "add"})
        self.service.dispatch("p.t", {})
        self.assertEqual(self.server.messages, [{"kind": "trigger", "change": "add"}])

    def test_a_message_that_is_too_large_is_not_sent(self):
        self.server.channel.line_bytes = 10
        with self.assertRaises(TooLarge):
            self.server.channel.send({"kind": "x" * 20})


class Keys(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path.partition("?")[0], self.headers["X-Auth-Token"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"value": "1"}')

    def log_message(self, *args):
        pass


class DatastoreTest(unittest.TestCase):
    def test_a_named_instance_has_keys_of_its_own(self):
        api = http.server.HTTPServer(("127.0.0.1", 0), Keys)
        api.asked = []
        thread = threading.Thread(target=api.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(api.server_close)
        self.addCleanup(api.shutdown)
        url = "http://127.0.0.1:%d/v1" % (api.server_address[1],)
        for instance in (None, "eu"):
            datastore = make_datastore(logging.getLogger("tests.sensor"), "p", "C", instance, url, "t")
            self.assertEqual(datastore.get_value("x"), "1")
        self.assertEqual(api.asked, [("/v1/keys/p.C%3Ax", "t"), ("/v1/keys/p.C%40eu%3Ax", "t")])


class LoaderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(sys.path.__setitem__, slice(None), list(sys.path))
        self.path = os.path.join(folder.name, "json.py")

    def write(self, text):
        with open(self.path, "w") as out:
            out.write(text)

    def test_a_file_called_as_a_module_of_python_is_loaded_beside_it(self):
        self.write("class S(object):\n    pass\n")
        self.assertEqual(load_sensor_class(self.path, "S").__name__, "S")
        self.assertIs(sys.modules["json"], json)

    def test_a_class_that_is_not_there_is_an_error_that_says_what_is(self):
        self.write("class A(object):\n    pass\nclass B(A):\n    pass\n")
        with self.assertRaisesRegex(ImportError, "no class S.* it defines A, B"):
            load_sensor_class(self.path, "S")
        with self.assertRaisesRegex(FileNotFoundError, "does not exist"):
            load_sensor_class(self.path + "x", "S")


class WrapperTest(unittest.TestCase):
    def test_one_sensor_from_start_to_end(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.py")
            with open(path, "w") as out:
                out.write(
                    "from st2reactor.sensor.base import PollingSensor\n"
                    "class S(PollingSensor):\n"
                    "    def setup(self): self.seen = []\n"
                    "    def poll(self):\n"
                    "        self.sensor_service.dispatch('p.t', {'seen': self.seen, 'every': self.get_poll_interval()})\n"
                    "        raise SystemExit(0)\n"
                    "    def cleanup(self): print('cleaned')\n"
                    "    def add_trigger(self, trigger): self.seen.append(trigger['ref'])\n"
                    "    def update_trigger(self, trigger): pass\n"
                    "    def remove_trigger(self, trigger): pass\n"
                )
            ours, theirs = socket.socketpair()
            start = {
                "kind": "start",
                "pack": "p",
                "class_name": "S",
                "instance": None,
                "file": path,
                "config": {},
                "config_path": "p.yaml",
                "poll_interval": 7,
                "triggers": [{"ref": "p.one"}],
                "line_bytes": 100000,
            }
            wrapper = os.path.join(PYTHON, "st2reactor", "container", "sensor_wrapper.py")
            program = "import os,sys; os.dup2(%d, 3); os.execv(sys.executable, [sys.executable, %r])"
            child = subprocess.Popen(
                [sys.executable, "-c", program % (theirs.fileno(), wrapper)],
                pass_fds=[theirs.fileno()],
                stdout=subprocess.PIPE,
                env=dict(os.environ, PYTHONPATH=PYTHON),
                start_new_session=True,
            )
            theirs.close()
            ours.sendall(json.dumps(start).encode() + b"\n")
            messages = []
            for line in ours.makefile("rb"):
                messages.append(json.loads(line))
                if messages[-1]["kind"] == "dispatch":
                    ours.sendall(b'{"kind": "answer", "id": 1, "error": null}\n')
            printed, _ = child.communicate()
            ours.close()
            self.assertEqual([one["kind"] for one in messages], ["ready", "dispatch"])
            self.assertEqual(messages[1]["payload"], {"seen": ["p.one"], "every": 7})
            self.assertEqual((child.returncode, printed), (0, b"cleaned\n"))


if __name__ == "__main__":
    unittest.main()
