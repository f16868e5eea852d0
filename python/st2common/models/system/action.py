"""Command lines of script actions, for tests of packs that have scripts."""

import json

from st2common.constants.runners import DEFAULT_KWARG_OP
from st2common.util.shell import quote_unix

__all__ = ["ShellCommandAction", "ShellScriptAction"]


class ShellCommandAction(object):
    """A command for a shell, as the runner `local-shell-cmd` runs it."""

    def __init__(
        self, name, action_exec_id, command, user=None, env_vars=None, sudo=False, timeout=None, cwd=None, **other
    ):
        self.name = name
        self.action_exec_id = action_exec_id
        self.command = command
        self.user = user
        self.env_vars = env_vars or {}
        self.sudo = sudo
        self.timeout = timeout
        self.cwd = cwd

    def get_full_command_string(self):
        return "sudo -E -- bash -c %s" % quote_unix(self.command) if self.sudo else self.command


class ShellScriptAction(ShellCommandAction):
    """A script with named and positional arguments, as the runner `local-shell-script` gives them."""

    def __init__(self, name, action_exec_id, script_local_path_abs, named_args=None, positional_args=None, **options):
        super().__init__(name, action_exec_id, script_local_path_abs, **options)
        self.script_local_path_abs = script_local_path_abs
        self.named_args = named_args or {}
        self.positional_args = positional_args or []

    def get_full_command_string(self):
        arguments = self._get_script_arguments(self.named_args, self.positional_args)
        self.command = " ".join(one for one in (quote_unix(self.script_local_path_abs), arguments) if one)
        return super().get_full_command_string()

    def _get_script_arguments(self, named_args=None, positional_args=None):
        """One text; named ones first, in the order of their names. True is the name alone; false and null are left out."""
        words = []
        for name, value in sorted((named_args or {}).items()):
            if value is None or value is False or value == "":
                continue
            word = name if name.startswith("-") else DEFAULT_KWARG_OP + name
            words.append(word if value is True else "%s=%s" % (word, quote_unix(_text(value))))
        words.extend(quote_unix(_text(one)) for one in positional_args or [])
        return " ".join(words)


def _text(value):
    if isinstance(value, (list, tuple)):
        return ",".join(one if isinstance(one, str) else str(one) for one in value)
    return value if isinstance(value, str) else json.dumps(value)
