"""Tests of Python actions."""

from st2common.runners.utils import get_action_class_instance
from st2tests.mocks.action import MockActionService, MockActionWrapper
from st2tests.pack_resource import BasePackResourceTestCase

__all__ = ["BaseActionTestCase"]


class BaseActionTestCase(BasePackResourceTestCase):
    """Set `action_cls`; `get_action_instance(config)` makes one as a runner does, with a datastore in memory."""

    action_cls = None

    def setUp(self):
        super().setUp()
        if not self.action_cls:
            raise ValueError('"action_cls" class attribute needs to be specified.')
        self.action_service = MockActionService(MockActionWrapper(pack="tests", class_name=self.action_cls.__name__))

    def get_action_instance(self, config=None):
        instance = get_action_class_instance(self.action_cls, config=config, action_service=self.action_service)
        return instance
