from st2tests.base import BaseActionAliasTestCase


class AddRecordAliasTestCase(BaseActionAliasTestCase):
    action_alias_name = "add_record"

    def test_formats(self):
        alias = self.action_alias_db
        command = "dns add AAAA record www.example.org ::1 to example.org ttl=60"
        self.assertExtractedParametersMatch(
            alias.get_format_strings()[1],
            command,
            {"type": "AAAA", "name": "www.example.org", "content": "::1", "zone": "example.org", "ttl": "60"},
        )
        self.assertCommandMatchesExactlyOneFormatString(alias.get_format_strings()[1:], command)
