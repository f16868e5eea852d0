from st2tests.base import BaseActionTestCase

from delete_zone import DeleteZoneAction


class DeleteZoneActionTestCase(BaseActionTestCase):
    action_cls = DeleteZoneAction

    def config(self):
        return {
            "connection": {"url": "http://127.0.0.1:1", "server_id": "localhost", "api_key": "k"},
            "default_ttl": 60,
            "protected_zones": ["example.com"],
        }

    def test_protected_zone_is_kept(self):
        action = self.get_action_instance(config=self.config())
        succeeded, result = action.run(zone="example.com.")
        self.assertFalse(succeeded)
        self.assertIn("protected", result)
