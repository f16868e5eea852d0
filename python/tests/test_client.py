import os
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

from st2client import models
from st2client.client import Client
from st2client.models.keyvalue import KeyValuePair
from st2common.http_api import ApiError, ApiUnreachable
from tests.api_server import serve_api

LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.server = serve_api(self)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ST2_")}
        self.enterContext_(mock.patch.dict(os.environ, environment, clear=True))
        self.client = Client(api_url=self.server.url, token="t")

    def enterContext_(self, context):
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def last(self):
        method, path, headers, body = self.server.seen[-1]
        return method, path, body

    def test_a_resource_is_a_bag_of_attributes(self):
        self.server.answer(200, {"ref": "core.local", "name": "local", "runner_type": "local-shell-cmd"})
        action = self.client.actions.get_by_ref_or_id("core.local")
        self.assertEqual(
            (action.ref, action.runner_type, repr(action)),
            ("core.local", "local-shell-cmd", "<Action ref=core.local,name=local>"),
        )
        self.assertEqual(self.last(), ("GET", "/v1/actions/core.local", None))
        self.assertEqual(self.server.seen[-1][2]["X-Auth-Token"], "t")

    def test_what_is_not_there_is_none(self):
        self.server.answer(404, {"faultstring": "no"})
        self.assertIsNone(self.client.actions.get_by_id("x"))
        self.server.answer(404, {"faultstring": "no"})
        self.assertFalse(self.client.rules.delete(models.Rule(id="x")))

    def test_other_refusals_carry_status_and_fault(self):
        self.server.answer(403, {"faultstring": "not yours"})
        with self.assertRaises(ApiError) as caught:
            self.client.actions.get_all()
        self.assertEqual(caught.exception.response.status_code, 403)
        self.assertIn("403 Client Error: Forbidden", str(caught.exception))
        self.assertIn("not yours", str(caught.exception))

    def test_users_of_requests_catch_its_error(self):
        class HTTPError(IOError):
            pass

        with mock.patch.dict(sys.modules, {"requests.exceptions": types.SimpleNamespace(HTTPError=HTTPError)}):
            self.server.answer(409, {"faultstring": "there is one"})
            with self.assertRaises(HTTPError) as caught:
                self.client.rules.create(models.Rule(name="r"))
        self.assertEqual(caught.exception.response.status_code, 409)

    def test_nobody_there(self):
        with self.assertRaisesRegex(ApiUnreachable, "http://127.0.0.1:1/v1 does not answer"):
            Client(api_url="http://127.0.0.1:1/v1").rules.get_all()

    def test_queries_take_filters_and_say_how_many_there_are(self):
        self.server.answer(200, [{"name": "a"}], {"X-Total-Count": "7"})
        found, total = self.client.rules.query_with_count(
            pack="p", enabled=True, limit=1, include_attributes=["name", "ref"]
        )
        self.assertEqual(([one.name for one in found], total), (["a"], 7))
        self.assertEqual(self.last()[1], "/v1/rules/?pack=p&enabled=true&limit=1&include_attributes=name%2Cref")

    def test_a_name_in_two_packs_is_no_name(self):
        self.server.answer(200, [{"name": "a", "pack": "p"}, {"name": "a", "pack": "q"}])
        with self.assertRaisesRegex(Exception, 'More than one rule named "a"'):
            self.client.rules.get_by_name("a")

    def test_an_action_is_run(self):
        self.server.answer(201, {"id": "5", "status": "requested"})
        execution = self.client.liveactions.create(models.LiveAction(action="core.local", parameters={"cmd": "date"}))
        self.assertEqual((execution.id, execution.status), ("5", "requested"))
        self.assertEqual(
            self.last(), ("POST", "/v1/executions", {"action": "core.local", "parameters": {"cmd": "date"}})
        )
        self.assertEqual(type(self.client.managers["LiveAction"]), type(self.client.executions))

    def test_executions_are_run_again_paused_resumed_and_read(self):
        self.server.answer(201, {"id": "6"})
        self.client.executions.re_run("5", parameters={"a": 1}, tasks=["t1", "t2"], no_reset=["t2"])
        body = {"parameters": {"a": 1}, "tasks": ["t1", "t2"], "reset": ["t1"], "delay": 0}
        self.assertEqual(self.last(), ("POST", "/v1/executions/5/re_run", body))
        for method, status in (("pause", "pausing"), ("resume", "resuming")):
            self.server.answer(200, {"id": "5"})
            getattr(self.client.liveactions, method)(execution_id="5")
            self.assertEqual(self.last(), ("PUT", "/v1/executions/5", {"status": status}))
        self.server.answer(200, b"out\n", {"Content-Type": "text/plain"})
        self.assertEqual(self.client.executions.get_output("5", output_type="stdout"), "out\n")
        self.assertEqual(self.last()[1], "/v1/executions/5/output?output_type=stdout")
        self.server.answer(200, [{"id": "7"}])
        self.assertEqual([one.id for one in self.client.executions.get_property("5", "children", depth=-1)], ["7"])
        self.server.answer(200, {"faultstring": "Action cannot be canceled."})
        self.assertEqual(self.client.executions.delete_by_id("5"), {"faultstring": "Action cannot be canceled."})

    def test_keys_are_found_by_name_and_scope(self):
        self.server.answer(200, {"name": "a.b", "value": "s3"})
        self.assertEqual(self.client.keys.get_by_name("a.b", decrypt=True).value, "s3")
        self.assertEqual(self.last()[1], "/v1/keys/a.b?decrypt=true")
        self.server.answer(200, {"name": "x", "value": "1"})
        self.client.keys.update(KeyValuePair(id="x", name="x", value="1", scope="user", secret=True, ttl=5))
        sent = {"id": "x", "name": "x", "value": "1", "scope": "user", "secret": True, "ttl": 5}
        self.assertEqual(self.last(), ("PUT", "/v1/keys/x?scope=user", sent))
        self.server.answer(204)
        self.assertTrue(self.client.keys.delete(KeyValuePair(name="x", scope="user")))
        self.assertEqual(self.last()[:2], ("DELETE", "/v1/keys/x?scope=user"))

    def test_a_trigger_is_injected(self):
        self.server.answer(202, {"trigger": "p.t", "payload": {"a": 1}})
        self.client.webhooks.post_generic_webhook(trigger="p.t", payload={"a": 1}, trace_tag="tag")
        self.assertEqual(self.last(), ("POST", "/v1/webhooks/st2", {"trigger": "p.t", "payload": {"a": 1}}))
        self.assertEqual(self.server.seen[-1][2]["St2-Trace-Tag"], "tag")

    def test_a_webhook_is_called(self):
        self.server.answer(202, {"a": 1})
        self.assertEqual(self.client.webhooks.post("/git hub/push", {"a": 1}), {"a": 1})
        self.assertEqual(self.last(), ("POST", "/v1/webhooks/git%20hub/push", {"a": 1}))

    def test_inquiries_are_answered(self):
        self.server.answer(200, {"id": "q", "response": {"ok": True}})
        self.client.inquiries.respond("q", {"ok": True})
        self.assertEqual(self.last(), ("PUT", "/v1/inquiries/q", {"id": "q", "response": {"ok": True}}))

    def test_aliases_are_matched(self):
        self.server.answer(200, {"actionalias": {"name": "a"}, "representation": "do {{ x }}"})
        alias, text = self.client.managers["ActionAlias"].match(models.ActionAliasMatch(command="do it"))
        self.assertEqual((alias.name, text), ("a", "do {{ x }}"))

    def test_a_token_is_asked_for_with_a_password(self):
        self.server.answer(201, {"token": "new", "user": "u"})
        token = self.client.tokens.create(models.Token(), auth=("u", "p"))
        self.assertEqual(token.token, "new")
        headers = self.server.seen[-1][2]
        self.assertEqual((headers["Authorization"], headers["X-Auth-Token"]), ("Basic dTpw", None))

    def test_the_stream_is_listened_to(self):
        events = b'event: st2.execution__update\ndata: {"id": "1",\ndata: "status": "running"}\n\n: ping\n\ndata: {"id": "2"}\n\n'
        self.server.answer(200, events)
        found = list(self.client.stream.listen(events=["st2.execution__update"], end_execution_id="1"))
        self.assertEqual(found, [{"id": "1", "status": "running"}, {"id": "2"}])
        self.assertEqual(self.last()[1], "/v1/stream?end_execution_id=1&events=st2.execution__update")

    def test_the_environment_says_where_and_who(self):
        os.environ.update({"ST2_API_URL": self.server.url, "ST2_AUTH_TOKEN": "from-env"})
        for client in (Client(), Client(base_url="http://localhost")):
            self.server.answer(200, {"username": "stanley"})
            self.assertEqual(client.get_user_info(), {"username": "stanley"})
            self.assertEqual(self.server.seen[-1][2]["X-Auth-Token"], "from-env")
        self.server.answer(200, {"username": "bot"})
        Client(api_key="k").get_user_info()
        headers = self.server.seen[-1][2]
        self.assertEqual((headers["St2-Api-Key"], headers["X-Auth-Token"]), ("k", None))

    def test_without_an_environment_the_ports_are_stackstorms(self):
        self.assertEqual(
            Client(base_url="http://st2.example.org/").endpoints,
            {
                "api": "http://st2.example.org:9101/v1",
                "auth": "http://st2.example.org:9100",
                "stream": "http://st2.example.org:9102/v1",
            },
        )

    def test_a_certificate_that_is_not_there_is_named(self):
        with self.assertRaisesRegex(ValueError, "/no/such.pem"):
            Client(cacert="/no/such.pem")

    def test_credentials_do_not_follow_a_redirect(self):
        self.server.answer(302, None, {"Location": self.server.url + "/elsewhere"})
        with self.assertRaises(ApiError):
            # A redirect is no answer, and following it could hand the token to somebody else.
            self.client.actions.get_by_id("x")
        self.assertEqual(len(self.server.seen), 1)


class TrustTest(unittest.TestCase):
    """A certificate of our own making, for this address."""

    @classmethod
    def setUpClass(cls):
        openssl = shutil.which("openssl")
        if openssl is None:
            raise unittest.SkipTest("openssl is not installed")
        folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.certificate = os.path.join(folder, "both.pem")
        key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
        subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
        make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate] + subject
        subprocess.run(make, check=True, capture_output=True)
        with open(cls.certificate, "w") as both:
            for path in (key, certificate):
                with open(path) as one:
                    both.write(one.read())
        cls.trusted = certificate

    def setUp(self):
        self.server = serve_api(self, self.certificate)

    def test_a_certificate_that_is_trusted_is_enough(self):
        self.server.answer(200, {"username": "ann"})
        self.assertEqual(
            Client(api_url=self.server.url, cacert=self.trusted, token="t").get_user_info(), {"username": "ann"}
        )

    def test_strangers_are_refused_unless_they_are_let_in(self):
        with self.assertRaisesRegex(ApiUnreachable, "CERTIFICATE_VERIFY_FAILED"):
            Client(api_url=self.server.url, token="t").get_user_info()
        self.assertEqual(self.server.seen, [])
        self.server.answer(200, {"username": "ann"})
        self.assertEqual(Client(api_url=self.server.url, cacert=False, token="t").get_user_info(), {"username": "ann"})


class OrderTest(unittest.TestCase):
    def found_with(self, *folders):
        code = "import st2common, st2client, six; print(st2client.__file__, six.__file__)"
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join((LIBRARY,) + folders))
        run = subprocess.run(
            [sys.executable, "-S", "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        return run.stdout.split()

    def test_the_packs_own_client_wins_over_ours(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "st2client"))
            open(os.path.join(folder, "st2client", "__init__.py"), "w").close()
            client, six = self.found_with(folder)
        self.assertEqual(client, os.path.join(folder, "st2client", "__init__.py"))
        self.assertTrue(six.startswith(LIBRARY))


if __name__ == "__main__":
    unittest.main()
