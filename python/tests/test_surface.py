"""What packs import of StackStorm, as found in public packs; see python/README.md for the count."""

import importlib
import os
import pkgutil
import subprocess
import sys
import unittest

import st2actions
import st2common
import st2reactor
import st2tests

IMPORTS = """
st2actions.runners.pythonrunner Action
st2client.client Client
st2client.commands.action LIVEACTION_STATUS_SUCCEEDED LIVEACTION_COMPLETED_STATES
st2client.commands.resource ResourceNotFoundError add_auth_token_to_kwargs_from_cli
st2client.exceptions.operations OperationFailureException
st2client.models Action ActionAlias ActionAliasMatch Execution KeyValuePair LiveAction Pack Rule Token TriggerType
st2client.models.action Execution LiveAction
st2client.models.action_alias ActionAliasMatch
st2client.models.aliasexecution ActionAliasExecution
st2client.models.core Resource ResourceManager add_auth_token_to_kwargs_from_env
st2client.models.datastore KeyValuePair
st2client.models.keyvalue KeyValuePair
st2client.models.trigger TriggerType
st2client.utils.httpclient HTTPClient
st2common log
st2common.constants.action LIVEACTION_COMPLETED_STATES LIVEACTION_STATUS_FAILED LIVEACTION_STATUS_SUCCEEDED LIVEACTION_STATUS_TIMED_OUT
st2common.constants.keyvalue FULL_SYSTEM_SCOPE SYSTEM_SCOPE USER_SCOPE DATASTORE_KEY_SEPARATOR
st2common.constants.pack MANIFEST_FILE_NAME PACK_REF_WHITELIST_REGEX PACK_VERSION_SEPARATOR SYSTEM_PACK_NAMES
st2common.constants.runners PYTHON_RUNNER_DEFAULT_ACTION_TIMEOUT
st2common.content utils
st2common.content.loader ContentPackLoader MetaLoader
st2common.content.utils get_pack_base_path get_packs_base_paths
st2common.exceptions.action InvalidActionParameterException
st2common.exceptions.base StackStormBaseException
st2common.exceptions.content ParseException
st2common.exceptions.db StackStormDBObjectNotFoundError
st2common.models.api.trace TraceContext
st2common.models.system.action ShellScriptAction
st2common.models.system.common ResourceReference
st2common.persistence.trigger TriggerType
st2common.runners.base_action Action
st2common.runners.utils get_action_class_instance
st2common.services.datastore ActionDatastoreService BaseDatastoreService DatastoreService SensorDatastoreService
st2common.services.packs get_pack_from_index
st2common.util isotime jinja date jsonify
st2common.util.compat to_unicode
st2common.util.config_loader ContentPackConfigLoader
st2common.util.config_parser ContentPackConfigParser
st2common.util.crypto read_crypto_key symmetric_decrypt symmetric_encrypt
st2common.util.green.shell run_command
st2common.util.jinja render_values
st2common.util.monkey_patch monkey_patch use_select_poll_workaround
st2common.util.pack get_pack_metadata
st2common.util.schema validate
st2common.util.shell quote_unix run_command
st2common.util.templating render_template_with_system_context
st2common.util.url get_url_without_trailing_slash
st2common.util.virtualenvs setup_pack_virtualenv
st2reactor.sensor.base PollingSensor Sensor
st2tests.base BaseActionAliasTestCase BaseActionTestCase BaseSensorTestCase
st2tests.mocks.action MockActionService MockActionWrapper
st2tests.mocks.runner MockActionRunner
st2tests.mocks.sensor MockSensorService MockSensorWrapper
st2tests.pack_resource BasePackResourceTestCase
"""


class SurfaceTest(unittest.TestCase):
    def test_what_packs_import_is_there(self):
        for line in IMPORTS.strip().splitlines():
            module, *names = line.split()
            exec("from %s import %s" % (module, ", ".join(names)), {})

    def test_every_module_can_be_imported_and_has_what_it_says(self):
        import st2client

        for package in (st2common, st2actions, st2reactor, st2tests, st2client):
            for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
                if found.name.startswith("st2reactor.container"):
                    continue
                module = importlib.import_module(found.name)
                for name in getattr(module, "__all__", []):
                    self.assertTrue(hasattr(module, name), "%s.%s" % (found.name, name))

    def test_an_action_starts_without_what_it_does_not_use(self):
        """Each import is paid at the start of every execution."""
        code = "import sys; import st2common.runners.base_action; print([m for m in sys.argv[1:] if m in sys.modules])"
        heavy = ["urllib.request", "http.client", "ssl", "email", "json", "st2common.server_only", "st2client"]
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        run = subprocess.run([sys.executable, "-c", code] + heavy, capture_output=True, text=True, cwd=root, check=True)
        self.assertEqual(run.stdout.strip(), "[]")


class ServerOnlyTest(unittest.TestCase):
    def test_what_needs_the_database_can_be_imported_and_says_what_to_use(self):
        from st2common.persistence.rule import Rule
        from st2common.transport import publishers

        for use in (Rule, lambda: Rule.get_all(), lambda: Rule[1], lambda: publishers.PoolPublisher()):
            with self.assertRaisesRegex(RuntimeError, "does not exist in Squall; use .+ instead"):
                use()
        with self.assertRaisesRegex(RuntimeError, "managers of st2client.client.Client"):
            Rule.query()

    def test_what_is_nowhere_is_an_import_error(self):
        for name in ("st2common.util.nothing", "st2common.nothing.at.all", "st2actions.nothing"):
            with self.assertRaisesRegex(ImportError, "Squall has no module %s" % name.split(".at")[0]):
                importlib.import_module(name)

    def test_others_imports_are_not_our_business(self):
        with self.assertRaisesRegex(ImportError, "No module named 'nothing_of_ours'"):
            importlib.import_module("nothing_of_ours")


if __name__ == "__main__":
    unittest.main()
