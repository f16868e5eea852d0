import os
import sys
import unittest

ACTIONS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "actions")
sys.path[:0] = [ACTIONS, os.path.join(ACTIONS, "lib")]

from format_execution_result import message_of  # noqa: E402


def an_execution(runner, result):
    return {
        "id": "65f000000000000000000001",
        "status": "succeeded",
        "action": {"ref": "core.local"},
        "runner": {"name": runner},
        "result": result,
    }


class MessageTest(unittest.TestCase):
    def test_of_a_shell_command_people_see_what_it_printed_and_not_the_empty_rest(self):
        result = {"stdout": "one\ntwo", "stderr": "", "return_code": 0, "succeeded": True, "failed": False}
        self.assertEqual(
            message_of(an_execution("local-shell-cmd", result)).split("\n"),
            [
                "Action core.local completed.",
                "status : succeeded",
                "execution: 65f000000000000000000001",
                "",
                "result :",
                "--------",
                "stdout :",
                "  one",
                "  two",
                "return_code : 0",
            ],
        )

    def test_hosts_stand_one_below_the_other(self):
        result = {"web1": {"stdout": "up", "return_code": 0, "succeeded": True}, "web2": {"error": "no route"}}
        lines = message_of(an_execution("remote-shell-cmd", result)).split("\n")
        self.assertEqual(lines[6:], ["web1 :", "  stdout : up", "  return_code : 0", "web2 :", "  error : no route"])

    def test_no_result_and_odd_results_have_a_message_too(self):
        self.assertTrue(message_of(an_execution("noop", None)).endswith("000001"))
        self.assertTrue(message_of(an_execution("noop", "text")).endswith("text"))


if __name__ == "__main__":
    unittest.main()
