"""What a chat command says, read by an alias's format.

A format is text with parameters: `{{ name }}` must be given, `{{ name = default }}` may be. The rest is a regular expression,
whose named groups are parameters too. `key=value` pairs at a command's end are parameters that the format need not name.
"""

import re

try:
    import re._parser as sre_parse
except ImportError:  # before Python 3.11
    import sre_parse

from st2common.exceptions.content import ParseException

__all__ = [
    "ActionAliasFormatParser",
    "extract_parameters",
    "extract_parameters_for_action_alias_db",
    "inject_immutable_parameters",
]

VALUE = r"""(?:"[^"]*"|'[^']*'|\{.*?\}|.+?)"""
PARAMETER = re.compile(
    r"""\{\{\s*(?P<name>[^\s={}]+)\s*(?:=\s*(?P<default>"[^"]*"|'[^']*'|\{\{.*?\}\}|\{.*?\}|[^{}]*?)\s*)?\}\}""",
    re.DOTALL,
)
# The last pair of a command.
PAIR = re.compile(
    r"""(?:^|\s)([A-Za-z_][\w.-]*)=("[^"]*"|'[^']*'|\{[^{}]*\}|\{\{.*?\}\}|[^\s"'{}]\S*)\s*$""", re.DOTALL
)


# For the whole pattern; newer Pythons want them at its beginning.
FLAGS = re.compile(r"\(\?[aimsux]+\)")


class ActionAliasFormatParser(object):
    """One format and one command. A command is read with a space before and after it, as in StackStorm."""

    def __init__(self, alias_format=None, param_stream=None):
        self._format = alias_format or ""
        self._original_stream = param_stream or ""

    def get_extracted_param_value(self):
        """Parameters by name. Raises `ParseException` when the command does not match the format."""
        command, pairs = _split_pairs(self._original_stream)
        pattern, parameters = _compile(self._format)
        match = pattern.search(" %s " % command)
        if not match:
            self._refuse()
        return dict(_values(match, parameters), **pairs)

    def match_multiple(self):
        """Parameters of every place where the command matches."""
        command, pairs = _split_pairs(self._original_stream)
        pattern, parameters = _compile(self._format)
        found = [dict(_values(match, parameters), **pairs) for match in pattern.finditer(" %s " % command)]
        if not found:
            self._refuse()
        return found

    def _refuse(self):
        raise ParseException('Command "%s" doesn\'t match format string "%s"' % (self._original_stream, self._format))


def extract_parameters(format_str, param_stream, match_multiple=False):
    """A dict of parameters; with `match_multiple` a list of them, one per occurrence."""
    parser = ActionAliasFormatParser(format_str, param_stream)
    return parser.match_multiple() if match_multiple else parser.get_extracted_param_value()


def extract_parameters_for_action_alias_db(action_alias_db, format_str, param_stream, match_multiple=False):
    """The same, for a format that the alias must have."""
    if format_str not in action_alias_db.get_format_strings():
        raise ValueError('Format string "%s" is unavailable on the target action alias.' % (format_str,))
    return extract_parameters(format_str, param_stream, match_multiple)


def inject_immutable_parameters(action_alias_db, multiple_execution_parameters, action_context):
    """Adds the alias's fixed parameters to every dict of the list. Raises `ValueError` if a command gives one of them."""
    fixed = action_alias_db.immutable_parameters or {}
    overridden = [name for name in fixed if any(name in one for one in multiple_execution_parameters)]
    if overridden:
        raise ValueError("Immutable arguments cannot be overriden: %s" % (", ".join(overridden),))
    for one in multiple_execution_parameters:
        one.update(fixed)
    return multiple_execution_parameters


def _split_pairs(command):
    """The command without the `key=value` pairs at its end, and those."""
    pairs = {}
    while True:
        match = PAIR.search(command)
        if not match:
            return command, dict(reversed(list(pairs.items())))
        pairs.setdefault(match[1], _unquoted(match[2]))
        command = command[: match.start()]


def _compile(format_string):
    """The format as a pattern, and its parameters: group -> (name, default)."""
    flags = "".join(FLAGS.findall(format_string))
    format_string = FLAGS.sub("", format_string)
    parameters = {}
    pattern = ""
    at = 0
    for match in PARAMETER.finditer(format_string):
        text = format_string[at : match.start()]
        at = match.end()
        group = "parameter_%d_" % len(parameters)
        default = match["default"]
        parameters[group] = (match["name"], None if default is None else _unquoted(default))
        value = "(?P<%s>%s)" % (group, VALUE)
        if default is None:
            pattern += text + value
            continue
        # What may be left out takes the space before it along; at the very beginning, the space after it.
        spaced = text.rstrip()
        if spaced != text:
            pattern += spaced + (r"(?:\s+%s)?" if pattern + spaced else r"(?:\s*%s)?") % value
        elif not pattern and not text:
            space = re.compile(r"\s*").match(format_string, at)
            at = space.end()
            pattern += (r"(?:%s\s+)?" if space[0] else "(?:%s)?") % value
        else:
            pattern += text + "(?:%s)?" % value
    pattern += format_string[at:]
    try:
        tokens = sre_parse.parse(flags + pattern, re.DOTALL)
        if not _has_anchor(tokens, (sre_parse.AT_BEGINNING, sre_parse.AT_BEGINNING_STRING)):
            pattern = r"^\s*" + pattern
        if not _has_anchor(tokens, (sre_parse.AT_END, sre_parse.AT_END_STRING)):
            pattern += r"\s*$"
        return re.compile(flags + pattern, re.DOTALL), parameters
    except re.error as e:
        raise ParseException('Format string "%s" is no regular expression: %s' % (format_string, e)) from e


def _has_anchor(tokens, anchors):
    """Whether a pattern says itself where it begins or ends; of alternatives StackStorm asks the second."""
    for kind, value in tokens:
        if kind is sre_parse.AT and value in anchors:
            return True
        if kind is sre_parse.SUBPATTERN and _has_anchor(value[3], anchors):
            return True
        if kind is sre_parse.BRANCH and _has_anchor(value[1][1], anchors):
            return True
    return False


def _values(match, parameters):
    found = {}
    for name, value in match.groupdict().items():
        if name in parameters:
            name, default = parameters[name]
            value = default if value is None else _unquoted(value)
            if value is None and name in found:
                continue
        found[name] = value
    return found


def _unquoted(text):
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text
