"""Reads the YAML that packs' metadata is written in, where PyYAML is not installed.

Mappings, sequences, flow style, quoted, plain, literal and folded texts, comments. What it does not know (anchors, tags,
complex keys, several documents) raises `ValueError` that says to install PyYAML.
"""

import json
import re

__all__ = ["read_yaml"]

KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#&*!|>'"%@`{}\[\],-][^#]*?|-[^\s#][^#]*?)\s*:(?:\s+|$)""")
BLOCK = re.compile(r"([|>])([+-]?)(\d?)([+-]?)\s*(?:#.*)?$")
INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)$")
FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9_]+)$")
WORDS = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "yes": True,
    "on": True,
    "false": False,
    "no": False,
    "off": False,
}
ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    "N": "\x85",
}


def read_yaml(text):
    """The document as dicts, lists and scalars; None for an empty one."""
    reader = _Reader(text)
    value = reader.node(0)
    reader.skip_blank()
    if reader.at < len(reader.lines):
        reader.fail("this does not fit the indentation above")
    return value


class _Reader(object):
    def __init__(self, text):
        self.lines = [line.rstrip("\r") for line in text.split("\n")]
        self.at = 0
        while self.at < len(self.lines) and (self._blank(self.lines[self.at]) or self.lines[self.at].startswith("---")):
            if self.lines[self.at].startswith("---") and self.lines[self.at][3:].strip():
                self.fail("content on the line of ---")
            self.at += 1

    def fail(self, why):
        raise ValueError("line %d: %s (the package PyYAML reads all of YAML)" % (self.at + 1, why))

    @staticmethod
    def _blank(line):
        stripped = line.strip()
        return not stripped or stripped.startswith("#")

    @staticmethod
    def _indent(line):
        return len(line) - len(line.lstrip(" "))

    def skip_blank(self):
        while self.at < len(self.lines) and (self._blank(self.lines[self.at]) or self.lines[self.at] == "..."):
            self.at += 1

    def node(self, least):
        """The value that begins at the next line, if that is indented by `least` or more."""
        self.skip_blank()
        if self.at >= len(self.lines):
            return None
        line = self.lines[self.at]
        indent = self._indent(line)
        if indent < least:
            return None
        body = line[indent:]
        if body == "-" or body.startswith("- "):
            return self.sequence(indent)
        if KEY.match(body):
            return self.mapping(indent)
        self.at += 1
        return self.scalar(body, max(least, 1) if least else 0)

    def sequence(self, indent):
        items = []
        while True:
            self.skip_blank()
            if self.at >= len(self.lines):
                return items
            line = self.lines[self.at]
            body = line[indent:]
            if self._indent(line) != indent or not (body == "-" or body.startswith("- ")):
                return items
            rest = body[1:].lstrip(" ")
            if self._blank(rest):
                self.at += 1
                items.append(self.node(indent + 1))
            elif rest.startswith("- ") or rest == "-" or KEY.match(rest):
                # The item goes on below its own first key: the dash counts as indentation.
                self.lines[self.at] = " " * (len(line) - len(rest)) + rest
                items.append(self.node(indent + 1))
            else:
                self.at += 1
                items.append(self.scalar(rest, indent + 1))

    def mapping(self, indent):
        found = {}
        while True:
            self.skip_blank()
            if self.at >= len(self.lines):
                return found
            line = self.lines[self.at]
            body = line[indent:]
            if self._indent(line) != indent or body.startswith("- "):
                return found
            match = KEY.match(body)
            if not match:
                self.fail("%r is no `key: value`" % (body.strip(),))
            key = self.plain(match[1])
            rest = body[match.end() :].strip()
            self.at += 1
            if self._blank(rest):
                found[key] = self.value_below(indent)
            else:
                found[key] = self.scalar(rest, indent + 1)

    def value_below(self, indent):
        self.skip_blank()
        if self.at < len(self.lines):
            line = self.lines[self.at]
            # A sequence may stand right below its key.
            if self._indent(line) == indent and (line[indent:] == "-" or line[indent:].startswith("- ")):
                return self.sequence(indent)
        return self.node(indent + 1)

    def scalar(self, first, least):
        """What begins with this text and goes on with the lines that are indented by `least` or more."""
        block = BLOCK.match(first)
        if block:
            return self.block(block, least)
        if first[0] in "&*!@%`" or first.startswith("? "):
            self.fail("%r: anchors, tags and complex keys are not read here" % (first,))
        if first[0] in "\"'":
            return self.quoted(first)
        if first[0] in "[{":
            return self.flow(first)
        parts = [self.uncommented(first)]
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and (self._indent(line) < least or line.strip().startswith("#")):
                break
            if not line.strip() and not self.continues(self.at, least):
                break
            if KEY.match(line.strip()):
                self.fail("%r is indented as if it went on with the text above" % (line.strip(),))
            parts.append(self.uncommented(line.strip()))
            self.at += 1
        return self.plain(self.folded(parts))

    def continues(self, at, least):
        """True when text goes on after the empty lines from here."""
        while at < len(self.lines) and not self.lines[at].strip():
            at += 1
        return at < len(self.lines) and self._indent(self.lines[at]) >= least and not self._blank(self.lines[at])

    @staticmethod
    def folded(parts):
        text = parts[0]
        breaks = 0
        for part in parts[1:]:
            if not part:
                breaks += 1
            else:
                text += ("\n" * breaks or " ") + part
                breaks = 0
        return text

    @staticmethod
    def uncommented(text):
        return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].rstrip()

    def block(self, match, least):
        chomp = match[2] or match[4]
        lines = []
        indent = least - 1 + int(match[3]) if match[3] else None
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip():
                if indent is None:
                    indent = self._indent(line)
                if self._indent(line) < max(indent, least):
                    break
            lines.append(line[indent or 0 :] if line.strip() else "")
            self.at += 1
        end = len(lines)
        while end and not lines[end - 1]:
            end -= 1
        text = "\n".join(lines[:end]) if match[1] == "|" else self.folded_block(lines[:end])
        if chomp == "-" or not end:
            return text
        return text + "\n" * (len(lines) - end + 1 if chomp == "+" else 1)

    @staticmethod
    def folded_block(lines):
        text = ""
        for number, line in enumerate(lines):
            if number == 0:
                text = line
            elif not line or line.startswith(" ") or lines[number - 1].startswith(" "):
                text += "\n" + line
            elif not lines[number - 1]:
                text += line if number == 1 or not text.endswith("\n") else line
            else:
                text += " " + line
        return text

    def quoted(self, text):
        """A text in quotes, which may go on over lines."""
        quote = text[0]
        pattern = r'"(?:[^"\\]|\\.)*"' if quote == '"' else r"'(?:[^']|'')*'"
        while True:
            match = re.match(pattern, text, re.DOTALL)
            if match:
                rest = text[match.end() :].strip()
                if rest and not rest.startswith("#"):
                    self.fail("unexpected %r after a quoted text" % (rest,))
                return self.plain(re.sub(r"\s*\n\s*", " ", match[0]))
            if self.at >= len(self.lines):
                self.fail("a quoted text does not end")
            text += "\n" + self.lines[self.at]
            self.at += 1

    def flow(self, text):
        """`[...]` or `{...}`, which may go on over lines."""
        while True:
            flow = _Flow(text, self)
            try:
                value = flow.value()
            except EOFError:
                if self.at >= len(self.lines):
                    self.fail("%s is not closed" % (text[0],))
                text += "\n" + self.lines[self.at]
                self.at += 1
                continue
            rest = text[flow.at :].strip()
            if rest and not rest.startswith("#"):
                self.fail("unexpected %r" % (rest,))
            return value

    def plain(self, text):
        """A scalar on its own: quoted, or what YAML 1.1 makes of a word."""
        if text.startswith("'"):
            return text[1:-1].replace("''", "'")
        if text.startswith('"'):
            return self.unescaped(text[1:-1])
        if text.lower() in WORDS and text in (text.lower(), text.upper(), text.capitalize()):
            return WORDS[text.lower()]
        if INTEGER.match(text):
            return int(text.replace("_", ""))
        if re.match(r"0[0-7]+$", text):
            return int(text, 8)
        if re.match(r"0x[0-9a-fA-F]+$", text):
            return int(text, 16)
        return float(text.replace("_", "")) if FLOAT.match(text) else text

    def unescaped(self, text):
        def one(match):
            code = match[1]
            if code[0] in "xuU":
                return chr(int(code[1:], 16))
            return ESCAPES.get(code, code)

        return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", one, text, flags=re.DOTALL)


class _Flow(object):
    """The parts of one flow collection; `EOFError` when more lines are needed."""

    def __init__(self, text, reader):
        self.text = text
        self.at = 0
        self.reader = reader

    def peek(self):
        while True:
            match = re.compile(r"\s*(?:(?<=\s)#[^\n]*)?").match(self.text, self.at)
            if match.end() == self.at:
                break
            self.at = match.end()
        if self.at >= len(self.text):
            raise EOFError
        return self.text[self.at]

    def value(self):
        char = self.peek()
        if char == "[":
            return self.items("]")
        if char == "{":
            return dict(self.items("}"))
        if char in "&*!":
            self.reader.fail("anchors and tags are not read here")
        pattern = r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|([^,\[\]{}]*?)\s*(?=[,\]}]|:\s|:$|\s#)"""
        match = re.compile(pattern, re.DOTALL).match(self.text, self.at)
        if not match:
            raise EOFError
        self.at = match.end()
        return self.reader.plain(re.sub(r"\s*\n\s*", " ", match[1] or match[2].strip()))

    def items(self, close):
        self.at += 1
        found = []
        while self.peek() != close:
            item = self.value()
            if close == "}" or self.peek() == ":":
                item = (item, self.after_colon()) if close == "}" else {item: self.after_colon()}
            found.append(item)
            if self.peek() == ",":
                self.at += 1
            elif self.peek() != close:
                self.reader.fail("expected , or %s before %s" % (close, json.dumps(self.text[self.at :][:20])))
        self.at += 1
        return found

    def after_colon(self):
        if self.peek() != ":":
            return None
        self.at += 1
        return None if self.peek() in ",}]" else self.value()
