"""Tests of action aliases: which commands a format matches, and what it takes from them."""

import os

from st2common.content.yaml_file import load_yaml_file
from st2common.exceptions.content import ParseException
from st2common.models.db.actionalias import ActionAliasDB
from st2common.models.utils.action_alias_utils import extract_parameters, extract_parameters_for_action_alias_db
from st2tests.pack_resource import BasePackResourceTestCase

__all__ = ["BaseActionAliasTestCase"]


class BaseActionAliasTestCase(BasePackResourceTestCase):
    """Set `action_alias_name`; `action_alias_db` is that alias, as its file in `aliases/` has it."""

    action_alias_name = None
    action_alias_db = None

    def setUp(self):
        super().setUp()
        if not self.action_alias_name:
            raise ValueError('"action_alias_name" class attribute needs to be specified')
        self.action_alias_db = self._get_action_alias_db_by_name(self.action_alias_name)

    def assertCommandMatchesFormatString(self, format_string, command):
        """The command matches this format."""
        try:
            extract_parameters(format_str=format_string, param_stream=command)
        except ParseException:
            raise AssertionError('Command "%s" doesn\'t match format string "%s"' % (command, format_string)) from None

    def assertCommandMatchesExactlyOneFormatString(self, format_strings, command):
        """The command matches one of the formats, and no other."""
        matched = [one for one in format_strings if self._matches(one, command)]
        if not matched:
            raise AssertionError('Command "%s" didn\'t match any of the provided format strings' % (command,))
        if len(matched) > 1:
            raise AssertionError(
                'Command "%s" matched multiple format strings: %s'
                % (command, ", ".join('"%s"' % one for one in matched))
            )

    def assertCommandMatchesFormatStrings(self, format_strings, command):
        """The command matches every one of the formats."""
        for one in format_strings:
            self.assertCommandMatchesFormatString(one, command)

    def assertExtractedParametersMatch(self, format_string, command, parameters, match_multiple=False):
        """The format takes exactly these parameters from the command."""
        extracted = extract_parameters_for_action_alias_db(
            action_alias_db=self.action_alias_db,
            format_str=format_string,
            param_stream=command,
            match_multiple=match_multiple,
        )
        if extracted != parameters:
            raise AssertionError(
                'Extracted parameters from command string "%s" against format string "%s" didn\'t match the provided '
                "parameters: extracted %r, provided %r" % (command, format_string, extracted, parameters)
            )

    @staticmethod
    def _matches(format_string, command):
        try:
            extract_parameters(format_str=format_string, param_stream=command)
        except ParseException:
            return False
        return True

    def _get_action_alias_db_by_name(self, name):
        pack_path = self._get_base_pack_path()
        folder = os.path.join(pack_path, "aliases")
        found = []
        for file_name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if not file_name.endswith((".yaml", ".yml")):
                continue
            content = load_yaml_file(os.path.join(folder, file_name)) or {}
            if content.get("name") == name:
                return ActionAliasDB(**dict({"pack": self._pack_name(pack_path)}, **content))
            found.append(str(content.get("name")))
        raise ValueError(
            'Action alias with name "%s" not found in %s (there are: %s)' % (name, folder, ", ".join(found) or "none")
        )

    @staticmethod
    def _pack_name(pack_path):
        metadata = os.path.join(pack_path, "pack.yaml")
        content = load_yaml_file(metadata) if os.path.isfile(metadata) else {}
        return content.get("ref") or os.path.basename(pack_path)
