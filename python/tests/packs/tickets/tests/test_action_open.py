import io

import mock
from open import OpenTicket
from tickets_base import TicketsActionTestCase


class OpenTicketTestCase(TicketsActionTestCase):
    __test__ = True
    action_cls = OpenTicket

    @mock.patch("open.urlopen")
    def test_run(self, urlopen):
        urlopen.return_value = io.BytesIO(b'{"id": 8}')
        action = self.get_action_instance({"url": "https://desk", "token": "t"})
        self.assertEquals(action.run(queue="it", subject="Screen is dark"), (True, {"id": 8}))
        self.assertEqual(self.action_service.get_value("last_ticket"), 8)
        self.assertEqual(urlopen.call_args[0][0].get_header("Authorization"), "Token t")
