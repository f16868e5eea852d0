import unittest

from st2common.exceptions.content import ParseException
from st2common.models.db.actionalias import ActionAliasDB
from st2common.models.utils.action_alias_utils import (
    ActionAliasFormatParser,
    extract_parameters,
    inject_immutable_parameters,
)
from st2common.util.actionalias_matching import match_command_to_alias

# format, command, parameters
MATCHES = [
    ("", "", {}),
    ("", "a=1", {"a": "1"}),
    ("deploy", 'deploy note="two words" to={"a": "b"}', {"note": "two words", "to": '{"a": "b"}'}),
    ("deploy {{ what }}", "deploy web", {"what": "web"}),
    ("deploy {{ what }}", "  deploy the web  ", {"what": "the web"}),
    ("deploy {{what}} to {{where}} please.", "deploy web to prod please.", {"what": "web", "where": "prod"}),
    ("deploy {{what}} now", 'deploy "web now" now', {"what": "web now"}),
    ("deploy {{what}} now", "deploy {'a': 1} now", {"what": "{'a': 1}"}),
    ("deploy {{what}}", "deploy line one\nline two", {"what": "line one\nline two"}),
    ("deploy {{ what = web }}", "deploy", {"what": "web"}),
    ("deploy {{ what = web }}", "deploy api", {"what": "api"}),
    ("deploy {{ what='the web' }} now", "deploy now", {"what": "the web"}),
    ("{{ who='all' }} deploy {{ n=1 }} {{ what }}", "deploy web", {"who": "all", "n": "1", "what": "web"}),
    ("{{ who='all' }} deploy {{ n=1 }} {{ what }}", "ann deploy 3 web", {"who": "ann", "n": "3", "what": "web"}),
    ("x {{ a=1 }} {{ b=2 }}", "x 7", {"a": "7", "b": "2"}),
    ("x {{ a={{ c.d }} }}", "x", {"a": "{{ c.d }}"}),
    ("x {{ a }}", "x 1 b=2", {"a": "1", "b": "2"}),
    ("x {{ a=1 }}", 'x b="2 3"', {"a": "1", "b": "2 3"}),
    ("x {{ a }}", "x 1 a=2", {"a": "2"}),
    (r"issue (?P<key>[A-Z]+-\d+)", "issue AB-12", {"key": "AB-12"}),
    (r"^\s*issue (?P<key>[A-Z]+-\d+)\s*$", "issue AB-12", {"key": "AB-12"}),
    ("run( as {{ user }})? {{ cmd }}", "run ls -l", {"user": None, "cmd": "ls -l"}),
    ("run( as {{ user }})? {{ cmd }}", "run as root ls", {"user": "root", "cmd": "ls"}),
    ("(?i)deploy {{ what }}", "DEPLOY web", {"what": "web"}),
    # The dot matches the space that follows every command.
    ("stop {{ what=all }}.", "stop", {"what": "all"}),
]
OTHERS = [
    ("deploy", "destroy"),
    ("deploy {{ what }}", "deploy"),
    ("deploy {{ what }}", "please deploy web"),
    (r"^issue (?P<key>[A-Z]+)", "an issue AB"),
    # A space stands before every command.
    (r"^issue (?P<key>[A-Z]+)", "issue AB"),
    (r"issue (?P<key>[A-Z]+)\s*$", "issue AB now"),
    ("deploy {{ what }}", None),
]


class FormatTest(unittest.TestCase):
    def test_parameters_are_taken_from_the_command(self):
        for text, command, parameters in MATCHES:
            with self.subTest(format=text, command=command):
                self.assertEqual(ActionAliasFormatParser(text, command).get_extracted_param_value(), parameters)

    def test_what_does_not_match_is_refused(self):
        for text, command in OTHERS:
            with self.subTest(format=text, command=command):
                with self.assertRaises(ParseException):
                    extract_parameters(text, command)

    def test_the_refusal_names_command_and_format(self):
        with self.assertRaises(ParseException) as caught:
            extract_parameters("deploy {{ what }}", "destroy")
        self.assertEqual(str(caught.exception), 'Command "destroy" doesn\'t match format string "deploy {{ what }}"')

    def test_one_command_may_match_several_times(self):
        found = extract_parameters(r"(\s|^)(?P<key>[A-Z]+-\d+)(\s|$)", "see AB-1 and CD-2 note=x", match_multiple=True)
        self.assertEqual(found, [{"key": "AB-1", "note": "x"}, {"key": "CD-2", "note": "x"}])

    def test_a_format_that_is_no_pattern_is_refused(self):
        with self.assertRaisesRegex(ParseException, "is no regular expression"):
            extract_parameters("deploy (", "deploy")

    def test_aliases_are_matched(self):
        one = ActionAliasDB(
            name="a", pack="p", formats=["deploy {{ x }}", {"display": "d", "representation": ["ship {{ x }}"]}]
        )
        other = ActionAliasDB(
            name="b",
            pack="p",
            formats=[{"display": "help only"}, {"representation": "see {{x}}", "match_multiple": True}],
        )
        found = match_command_to_alias("ship it", [one, other])
        self.assertEqual([(each["alias"].ref, each["display"]) for each in found], [("p.a", "d")])
        self.assertEqual(len(match_command_to_alias("see it", [one, other], match_multiple=True)), 1)

    def test_fixed_parameters_cannot_be_given(self):
        alias = ActionAliasDB(immutable_parameters={"env": "dev"})
        self.assertEqual(inject_immutable_parameters(alias, [{"a": 1}], {}), [{"a": 1, "env": "dev"}])
        with self.assertRaisesRegex(ValueError, "env"):
            inject_immutable_parameters(alias, [{"env": "prod"}], {})


if __name__ == "__main__":
    unittest.main()
