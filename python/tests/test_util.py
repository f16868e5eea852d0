import datetime
import io
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from st2common import log
from st2common.content import utils as content_utils
from st2common.models.system.action import ShellScriptAction
from st2common.models.system.common import InvalidResourceReferenceError, ResourceReference
from st2common.services import coordination
from st2common.util import (
    casts,
    concurrency,
    date,
    ip_utils,
    isotime,
    jinja,
    jsonify,
    keyvalue,
    misc,
    schema,
    secrets,
    versioning,
)
from st2common.util.green import shell as green_shell
from st2common.util.payload import PayloadLookup
from st2common.util.shell import quote_unix, run_command


class TimeTest(unittest.TestCase):
    def test_texts_become_utc(self):
        moment = datetime.datetime(2020, 1, 2, 3, 4, 5, 600000, tzinfo=datetime.timezone.utc)
        for text in (
            "2020-01-02T03:04:05.6Z",
            "2020-01-02 05:04:05.600000+02:00",
            "2020-01-02T03:04:05.600000",
            "2020-01-01T22:04:05.6-0500",
        ):
            self.assertEqual(isotime.parse(text), moment, text)
        self.assertEqual(isotime.format(moment), "2020-01-02T03:04:05.600000Z")
        self.assertEqual(isotime.format(moment, usec=False, offset=False), "2020-01-02T03:04:05")
        self.assertEqual(date.parse("2020-01-02T03:04:05.6Z"), moment)

    def test_now_knows_its_zone(self):
        self.assertEqual(date.get_datetime_utc_now().utcoffset(), datetime.timedelta(0))
        self.assertRaises(ValueError, date.add_utc_tz, date.get_datetime_utc_now())

    def test_what_is_no_time_is_refused(self):
        self.assertFalse(isotime.validate("yesterday", raise_exception=False))
        self.assertRaises(ValueError, isotime.validate, "2020-13-01T00:00:00Z")


class CommandTest(unittest.TestCase):
    def test_lists_are_not_read_by_a_shell(self):
        self.assertEqual(run_command(["printf", "%s", "$HOME"]), (0, b"$HOME", b""))
        self.assertEqual(run_command("echo out; echo err >&2; exit 3"), (3, b"out\n", b"err\n"))

    def test_a_command_that_takes_too_long_is_killed_with_all_it_started(self):
        status, out, _, timed_out = green_shell.run_command("echo first; sleep 60 & wait", shell=True, timeout=0.3)
        self.assertEqual((status, out, timed_out), (-9, "first\n", True))

    def test_input_is_fed_and_both_outputs_are_read(self):
        big = "x" * 300000
        status, out, err, timed_out = green_shell.run_command(
            "cat; echo err >&2", shell=True, stdin_value=big, timeout=20
        )
        self.assertEqual((status, out, err, timed_out), (0, big, "err\n", False))

    def test_words_are_quoted(self):
        self.assertEqual((quote_unix("a b'c"), quote_unix("")), ("'a b'\"'\"'c'", "''"))

    def test_script_arguments_are_those_of_the_runner(self):
        action = ShellScriptAction(
            "a", "1", "/x.sh", {"n": 1, "flag": True, "off": False, "none": None, "--l": ["a", "b"]}, ["p q", None]
        )
        self.assertEqual(action._get_script_arguments(action.named_args, ["p q"]), "--l=a,b --flag --n=1 'p q'")


class SmallToolsTest(unittest.TestCase):
    def test_json_takes_times(self):
        self.assertEqual(jsonify.json_encode({"at": datetime.date(2020, 1, 2)}), '{"at": "2020-01-02"}')
        self.assertEqual(jsonify.json_loads({"a": '{"b": 1}', "c": "text"}), {"a": {"b": 1}, "c": "text"})

    def test_references(self):
        self.assertEqual(ResourceReference.from_string_reference("p.a.b").name, "a.b")
        self.assertEqual(ResourceReference(pack="p", name="a").ref, "p.a")
        self.assertRaises(InvalidResourceReferenceError, ResourceReference.from_string_reference, "nodots")

    def test_dicts_are_merged_deeply(self):
        self.assertEqual(misc.deep_update({"a": {"b": 1}}, {"a": {"c": 2}, "d": 3}), {"a": {"b": 1, "c": 2}, "d": 3})

    def test_casts(self):
        self.assertEqual(
            [
                casts.get_cast(kind)(text)
                for kind, text in (
                    ("integer", "5"),
                    ("boolean", "no"),
                    ("array", "['a', 1]"),
                    ("object", '{"a": null}'),
                )
            ],
            [5, False, ["a", 1], {"a": None}],
        )

    def test_secrets_are_masked_in_depth(self):
        schemas = {
            "p": {"type": "string", "secret": True},
            "o": {"type": "object", "properties": {"k": {"type": "string", "secret": True}}},
        }
        masked = secrets.mask_secret_parameters(
            {"p": "1", "o": {"k": "2", "l": 3}, "q": 4}, secrets.get_secret_parameters(schemas)
        )
        self.assertEqual(masked, {"p": "********", "o": {"k": "********", "l": 3}, "q": 4})

    def test_hosts_and_ports(self):
        hosts = ["h", "h:22", "::1", "[::1]:22", "[::1]"]
        self.assertEqual(
            [ip_utils.split_host_port(one) for one in hosts],
            [("h", None), ("h", 22), ("::1", None), ("::1", 22), ("::1", None)],
        )
        self.assertRaises(ValueError, ip_utils.split_host_port, "h:ssh")

    def test_versions(self):
        self.assertTrue(versioning.complex_semver_match("2.10.1", ">=2.9.0, <3.0.0"))
        self.assertFalse(versioning.complex_semver_match("3.0.0", ">=2.9.0, <3.0.0"))
        self.assertTrue(versioning.complex_semver_match("3.0.0-rc1", "<3.0.0"))

    def test_payloads_are_looked_into(self):
        lookup = PayloadLookup({"body": {"items": [{"id": 5}]}})
        self.assertEqual(lookup.get_value("trigger.body.items[0].id"), [5])
        self.assertIsNone(lookup.get_value("trigger.body.nothing"))

    def test_key_names(self):
        self.assertEqual(keyvalue.get_key_reference("user", "k", "ann"), "ann:k")
        self.assertEqual(keyvalue.get_datastore_full_scope("system"), "st2kv.system")

    def test_threads_give_what_they_return_or_raise(self):
        self.assertEqual(concurrency.wait(concurrency.spawn(lambda a: a + 1, 1)), 2)
        with self.assertRaises(ZeroDivisionError):
            concurrency.wait(concurrency.spawn(lambda: 1 / 0))

    def test_packs_are_found_where_the_running_one_lies(self):
        with tempfile.TemporaryDirectory() as base:
            os.makedirs(os.path.join(base, "mine", "actions", "lib"))
            with mock.patch.dict(
                os.environ, {"SQUALL_PACKS": "", "PYTHONPATH": os.path.join(base, "mine", "actions", "lib")}
            ):
                self.assertEqual(content_utils.get_pack_base_path("mine"), os.path.join(base, "mine"))
                with self.assertRaises(ValueError):
                    content_utils.get_pack_file_abs_path("mine", "../../etc/passwd")


class LockTest(unittest.TestCase):
    def test_one_process_at_a_time_holds_a_lock(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for change in (mock.patch.dict(os.environ, TMPDIR=folder.name), mock.patch("tempfile.tempdir", folder.name)):
            change.start()
            self.addCleanup(change.stop)
        name = "tests %d" % os.getpid()
        code = (
            "from st2common.services.coordination import get_coordinator as c; print(c().get_lock(%r).acquire(blocking=False))"
            % name
        )

        def other():
            root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
            return subprocess.run(
                [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
            ).stdout.strip()

        lock = coordination.get_coordinator().get_lock(name)
        with lock:
            self.assertEqual((lock.acquired, lock.acquire(blocking=False), other()), (True, False, "False"))
        self.assertEqual((lock.acquired, other()), (False, "True"))


class TemplateTest(unittest.TestCase):
    def setUp(self):
        try:
            import jinja2  # noqa: F401
        except ImportError:
            self.skipTest("jinja2 is not installed")

    def test_values_are_rendered_with_stackstorms_filters(self):
        found = jinja.render_values(
            {"a": "{{ x | to_json_string }}", "b": ["{{ y }}"], "c": 5}, {"x": {"k": 1}, "y": "z"}
        )
        self.assertEqual(found, {"a": '{"k": 1}', "b": ["z"], "c": 5})
        self.assertEqual(
            jinja.render_values(
                {"a": "{{ '1.2.3' | version_bump_minor }} {{ 185 | to_human_time_from_seconds }}"}, {"x": 1}
            ),
            {"a": "1.3.0 3m5s"},
        )

    def test_undefined_names_are_errors(self):
        with self.assertRaises(Exception):
            jinja.render_values({"a": "{{ nothing }}"}, {"x": 1})


class SchemaTest(unittest.TestCase):
    def test_required_marks_and_defaults_work(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest("jsonschema is not installed")
        rules = {
            "type": "object",
            "properties": {"a": {"type": "string", "required": True}, "b": {"type": "integer", "default": 5}},
        }
        self.assertEqual(schema.validate({"a": "x"}, rules), {"a": "x", "b": 5})
        self.assertRaises(jsonschema.ValidationError, schema.validate, {}, rules)


class LogTest(unittest.TestCase):
    def test_it_can_stand_in_for_logging(self):
        import logging

        self.assertEqual(
            (log.INFO, log.getLogger("x").name, log.getLogger("st2.x").name), (logging.INFO, "st2.x", "st2.x")
        )
        log.setup("/no/such/file.conf")

    def test_the_logger_of_an_action_writes_to_stderr(self):
        with mock.patch("sys.stderr", io.StringIO()) as stderr:
            logger = log.get_action_logger("TestLogAction", "INFO")
            logger.info("hello")
            logger.debug("hidden")
        self.assertEqual(stderr.getvalue(), "actions.python.TestLogAction: INFO     hello\n")


if __name__ == "__main__":
    unittest.main()
