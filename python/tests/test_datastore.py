import json
import logging
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from python_runner.action_service import ActionService
from st2common.services.datastore import DatastoreService


class Handler(BaseHTTPRequestHandler):
    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.seen.append((self.command, self.path, self.headers.get("X-Auth-Token"), body))
        status, answer = self.server.answers.pop(0)
        data = b"" if answer is None else json.dumps(answer).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_DELETE = _answer

    def log_message(self, *args):
        pass


class DatastoreTest(unittest.TestCase):
    def setUp(self):
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.server.seen = []
        self.server.answers = []
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        logger = logging.getLogger("tests.datastore")
        logger.disabled = True
        url = "http://127.0.0.1:%d/v1" % self.server.server_address[1]
        self.service = DatastoreService(logger, "pack", "Class", api_url=url, auth_token="token")

    def answer(self, status, body=None):
        self.server.answers.append((status, body))

    def last(self):
        return self.server.seen[-1]

    def test_local_names_carry_pack_and_class(self):
        self.answer(200, {"name": "pack.Class:a/b", "value": "1"})
        self.assertEqual(self.service.get_value("a/b"), "1")
        self.assertEqual(self.last(), ("GET", "/v1/keys/pack.Class%3Aa%2Fb?scope=system", "token", None))

    def test_global_names_are_used_as_they_are(self):
        self.answer(200, {"name": "x", "value": "1"})
        self.service.get_value("x", local=False, decrypt=True)
        self.assertEqual(self.last()[1], "/v1/keys/x?scope=system&decrypt=true")

    def test_a_missing_key_is_none(self):
        self.answer(404, {"faultstring": "no"})
        self.assertIsNone(self.service.get_value("x"))

    def test_other_failures_carry_the_fault(self):
        self.answer(403, {"faultstring": "not yours"})
        with self.assertRaisesRegex(ValueError, "403: not yours"):
            self.service.get_value("x")

    def test_values_are_written_as_text(self):
        self.answer(200, {})
        self.assertTrue(self.service.set_value("x", 5, ttl=60, local=False, encrypt=True))
        method, path, _, body = self.last()
        self.assertEqual((method, path), ("PUT", "/v1/keys/x?scope=system"))
        self.assertEqual(body, {"name": "x", "value": "5", "scope": "system", "secret": True, "ttl": 60})

    def test_delete_says_whether_it_worked(self):
        self.answer(204)
        self.assertTrue(self.service.delete_value("x"))
        self.answer(404, {"faultstring": "no"})
        self.assertFalse(self.service.delete_value("x"))

    def test_lists_are_objects_with_attributes(self):
        self.answer(200, [{"name": "pack.Class:p1", "value": "v"}])
        found = self.service.list_values(prefix="p", limit=5, offset=10)
        self.assertEqual([(one.name, one.value) for one in found], [("pack.Class:p1", "v")])
        self.assertEqual(self.last()[1], "/v1/keys?prefix=pack.Class%3Ap&limit=5&offset=10")

    def test_a_list_of_everything_has_no_prefix(self):
        self.answer(200, [])
        self.assertEqual(self.service.list_values(local=False), [])
        self.assertEqual(self.last()[1], "/v1/keys")

    def test_other_scopes_are_refused(self):
        for call in (self.service.get_value, self.service.delete_value):
            with self.assertRaisesRegex(ValueError, "Scope user is unsupported"):
                call("x", scope="user")
        with self.assertRaises(ValueError):
            self.service.set_value("x", 1, scope="user")

    def test_an_action_asks_through_its_action_service(self):
        service = ActionService(logging.getLogger("x"), "pack", "Class")
        service._datastore_service = self.service
        self.answer(200, {"username": "stanley"})
        self.assertEqual(service.get_user_info(), {"username": "stanley"})
        self.assertEqual(self.last()[1], "/v1/user")
        self.assertIs(service.datastore_service, self.service)


if __name__ == "__main__":
    unittest.main()
