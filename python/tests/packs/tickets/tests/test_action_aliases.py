from st2tests.base import BaseActionAliasTestCase


class OpenTicketAliasTestCase(BaseActionAliasTestCase):
    action_alias_name = "open_ticket"

    def test_formats(self):
        first, second = self.action_alias_db.formats[0]["representation"]
        strings = self.action_alias_db.get_format_strings()
        self.assertEqual(len(strings), 3)
        self.assertExtractedParametersMatch(
            format_string=first,
            command="ticket open in it: the screen is dark priority=3",
            parameters={"urgency": None, "queue": "it", "subject": "the screen is dark", "priority": "3"},
        )
        self.assertExtractedParametersMatch(
            format_string=first,
            command="ticket open urgent high in it: dark",
            parameters={"urgency": "high", "queue": "it", "subject": "dark"},
        )
        self.assertExtractedParametersMatch(
            format_string=second,
            command='open ticket "it is dark"',
            parameters={"subject": "it is dark", "queue": "support"},
        )
        self.assertCommandMatchesExactlyOneFormatString(format_strings=strings, command="ticket please help")

    def test_others_do_not_match(self):
        with self.assertRaises(AssertionError):
            self.assertCommandMatchesExactlyOneFormatString(self.action_alias_db.get_format_strings(), "tea, please")
