import datetime
import json
import unittest

from python_runner.answer import InvalidStatus, encode_answer
from python_runner.config import ActionConfig


class AnswerTest(unittest.TestCase):
    def decoded(self, returned):
        return json.loads(encode_answer(returned))

    def test_a_plain_result_has_no_status(self):
        self.assertEqual(self.decoded({"a": 1}), {"result": {"a": 1}, "status": None})

    def test_a_pair_carries_the_status(self):
        self.assertEqual(self.decoded((False, "x")), {"result": "x", "status": False})

    def test_a_pair_without_a_bool_is_refused(self):
        for status in (1, None, "True"):
            with self.assertRaises(InvalidStatus):
                encode_answer((status, "x"))

    def test_what_is_no_json_becomes_text(self):
        now = datetime.datetime(2020, 1, 2)
        self.assertEqual(self.decoded({"at": now})["result"], str({"at": now}))
        loop = []
        loop.append(loop)
        self.assertEqual(self.decoded(loop)["result"], "[[...]]")

    def test_nan_becomes_null(self):
        self.assertEqual(self.decoded([float("inf"), 1])["result"], [None, 1])


class ConfigTest(unittest.TestCase):
    def test_missing_keys_name_the_file_and_get_does_not_raise(self):
        config = ActionConfig("p", "/c/p.yaml", None)
        self.assertIsNone(config.get("x"))
        with self.assertRaisesRegex(ValueError, r'"p" has no key "x"\. Add it to /c/p\.yaml'):
            config["x"]


if __name__ == "__main__":
    unittest.main()
