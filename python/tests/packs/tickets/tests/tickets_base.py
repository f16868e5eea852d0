from st2tests.base import BaseActionTestCase


class TicketsActionTestCase(BaseActionTestCase):
    __test__ = False

    def test_an_empty_config_is_refused(self):
        self.assertRaises(ValueError, self.get_action_instance, {})
