"""The SDK against a real server: `ST2_API_URL` and `ST2_AUTH_TOKEN` (an administrator's) say which one.

packages/server/src/python-sdk.test.ts starts the server and runs this.
"""

import logging
import os
import time
import unittest

# First: it is what finds st2client.
from st2common.http_api import ApiError
from st2common.services.datastore import BaseDatastoreService
from st2common.util.config_loader import ContentPackConfigLoader
from st2common.util.templating import render_template_with_system_context

from st2client.client import Client
from st2client.models import ApiKey, Execution, KeyValuePair, LiveAction, Rule, Token, TriggerType


class DatastoreTest(unittest.TestCase):
    def setUp(self):
        self.service = BaseDatastoreService(logging.getLogger("tests"), "pack", "Class")

    def test_values_come_back_as_text_under_a_name_of_their_own(self):
        self.assertIsNone(self.service.get_value("a/b c"))
        self.assertTrue(self.service.set_value("a/b c", 5))
        self.assertEqual(self.service.get_value("a/b c"), "5")
        self.assertIsNone(self.service.get_value("a/b c", local=False))
        self.assertEqual(self.service.get_value("pack.Class:a/b c", local=False), "5")
        self.assertEqual(
            [(one.name, one.value) for one in self.service.list_values(prefix="a/")], [("pack.Class:a/b c", "5")]
        )
        self.assertTrue(self.service.delete_value("a/b c"))
        self.assertFalse(self.service.delete_value("a/b c"))

    def test_secrets_are_decrypted_when_asked(self):
        self.service.set_value("s", "hush", local=False, encrypt=True)
        self.assertNotEqual(self.service.get_value("s", local=False), "hush")
        self.assertEqual(self.service.get_value("s", local=False, decrypt=True), "hush")

    def test_lists_are_paged(self):
        for number in range(5):
            self.service.set_value("page%d" % number, number)
        self.assertEqual([one.value for one in self.service.list_values(prefix="page", limit=2, offset=3)], ["3", "4"])

    def test_time_to_live_is_kept(self):
        self.service.set_value("short", "x", ttl=600)
        self.assertTrue(self.service.list_values(prefix="short")[0].expire_timestamp)

    def test_who_asks(self):
        self.assertEqual(self.service.get_user_info()["username"], "admin")

    def test_templates_read_it(self):
        try:
            import jinja2  # noqa: F401
        except ImportError:
            self.skipTest("jinja2 is not installed")
        self.service.set_value("dotted.name", "v", local=False)
        self.assertEqual(render_template_with_system_context("{{ st2kv.system.dotted.name }}/{{ x }}", {"x": 1}), "v/1")


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.client = Client()

    def wait(self, execution, *statuses):
        while execution.status not in statuses:
            time.sleep(0.02)
            execution = self.client.executions.get_by_id(execution.id)
        return execution

    def test_actions_run_are_read_and_run_again(self):
        execution = self.client.liveactions.create(LiveAction(action="core.local", parameters={"cmd": "echo hello"}))
        done = self.wait(execution, "succeeded", "failed")
        self.assertEqual((done.status, done.result["stdout"]), ("succeeded", "hello"))
        self.assertEqual(self.client.executions.get_output(done.id), "hello\n")
        self.assertEqual(self.client.executions.get_result(done.id)["stdout"], "hello")
        again = self.client.executions.re_run(done.id, parameters={"cmd": "echo again"})
        self.assertEqual(self.wait(again, "succeeded").result["stdout"], "again")
        found, total = self.client.executions.query_with_count(action="core.local", limit=1)
        self.assertEqual((len(found), total >= 2), (1, True))
        self.assertIsInstance(found[0], Execution)

    def test_a_running_execution_is_canceled(self):
        execution = self.client.executions.create(Execution(action="core.local", parameters={"cmd": "sleep 60"}))
        self.wait(execution, "running")
        self.client.executions.delete_by_id(execution.id)
        self.assertEqual(self.wait(execution, "canceled", "failed", "succeeded").status, "canceled")

    def test_keys_of_both_scopes(self):
        self.client.keys.update(KeyValuePair(name="mine", value="1", scope="user"))
        self.assertIsNone(self.client.keys.get_by_name("mine"))
        found = self.client.keys.get_by_name("mine", scope="user")
        self.assertEqual((found.value, found.scope), ("1", "st2kv.user"))
        self.assertTrue(self.client.keys.delete(found))
        self.assertFalse(self.client.keys.delete(KeyValuePair(name="mine", scope="user")))

    def test_trigger_types_rules_and_events(self):
        self.client.triggertypes.create(TriggerType(name="seen", pack="default"))
        rule = self.client.rules.create(
            Rule(name="r", pack="default", trigger={"type": "default.seen"}, action={"ref": "core.noop"}, enabled=True)
        )
        self.client.webhooks.post_generic_webhook("default.seen", {"a": 1}, trace_tag="tag")
        (event,) = self.client.triggerinstances.query(trigger="default.seen")
        self.assertEqual(event.payload, {"a": 1})
        self.assertEqual(
            [one.rule["ref"] for one in self.client.ruleenforcements.query(rule_ref="default.r")], ["default.r"]
        )
        self.client.triggerinstances.re_emit(event.id)
        rule.enabled = False
        self.assertFalse(self.client.rules.update(rule).enabled)
        self.assertTrue(self.client.rules.delete(rule))
        self.assertIsNone(self.client.rules.get_by_ref_or_id("default.r"))

    def test_refusals_carry_their_status(self):
        with self.assertRaises(ApiError) as caught:
            self.client.liveactions.create(LiveAction(action="no.such"))
        self.assertEqual(caught.exception.response.status_code, 400)
        self.assertIn("no.such", str(caught.exception))
        with self.assertRaises(ApiError) as caught:
            Client(token="wrong").actions.get_all()
        self.assertEqual(caught.exception.response.status_code, 401)

    def test_lists_of_everything_else(self):
        for name in "packs policies policytypes runners sensors timers apikeys configs actionaliases".split():
            with self.subTest(kind=name):
                self.assertIsInstance(getattr(self.client, name).get_all(), list)
        self.assertEqual(self.client.runners.get_by_name("noop").name, "noop")
        self.assertEqual(self.client.packs.get_by_ref_or_id("core").ref, "core")
        self.assertIn("class", self.client.actions.get_entrypoint("tickets.digest"))

    def test_signing_in_and_api_keys(self):
        token = self.client.tokens.create(Token(), auth=("admin", os.environ["TEST_PASSWORD"]))
        self.assertEqual(Client(token=token.token).get_user_info()["username"], "admin")
        key = self.client.apikeys.create(ApiKey(metadata={"for": "test"}))
        self.assertEqual(Client(api_key=key.key).get_user_info()["username"], "admin")

    def test_workflows_are_inspected(self):
        errors = self.client.workflows.inspect("version: 1.0\ntasks:\n  a:\n    action: core.noop\n    nonsense: 1\n")
        self.assertTrue(errors)

    def test_the_stream_says_what_happens(self):
        execution = self.client.executions.create(Execution(action="core.local", parameters={"cmd": "sleep 0.5"}))
        events = self.client.stream.listen(
            events="st2.execution__update", end_event="st2.execution__update", end_execution_id=execution.id
        )
        self.assertIn("succeeded", [one.get("status") for one in events])

    def test_a_packs_configuration_comes_with_its_secrets_masked(self):
        found = ContentPackConfigLoader("tickets").get_config()
        self.assertEqual(found, {"url": "https://desk.example.org", "token": "********"})


if __name__ == "__main__":
    unittest.main()
