import unittest

from st2common.content.plain_yaml import read_yaml

DOCUMENTS = {
    "": None,
    "---\n# nothing\n": None,
    "a: 1\nb: 1.5\nc: yes\nd: ~\ne: text # comment\nf: 'it''s'\ng: \"a\\tb\\u00e9\"\nh: 010\ni: 0x1f\n": {
        "a": 1, "b": 1.5, "c": True, "d": None, "e": "text", "f": "it's", "g": "a\tb\u00e9", "h": 8, "i": 31,
    },
    "a:\n  b:\n    c: 1\n  d: 2\ne:\n": {"a": {"b": {"c": 1}, "d": 2}, "e": None},
    "- a\n- b: 1\n  c: 2\n-\n  d: 3\n- - 1\n  - 2\n- [x, 'y, z', {k: v}]\n": ["a", {"b": 1, "c": 2}, {"d": 3}, [1, 2], ["x", "y, z", {"k": "v"}]],
    "a:\n- 1\n- 2\nb:\n  - 3\n": {"a": [1, 2], "b": [3]},
    "a: |\n  one\n    two\n\n  three\nb: |-\n  end\nc: >\n  folded\n  text\n\n  more\nd: >-\n  x\n  y\n": {
        "a": "one\n  two\n\nthree\n", "b": "end", "c": "folded text\nmore\n", "d": "x y",
    },
    "a: words that go\n  on and on\nb: \"quoted that\n  goes on\"\n": {"a": "words that go on and on", "b": "quoted that goes on"},
    "a: {b: 1,\n  c: [1,\n 2]}\nd: [ ]\ne: {}\n": {"a": {"b": 1, "c": [1, 2]}, "d": [], "e": {}},
    "'quoted key': 1\nkey with spaces: 2\nhttp://x: 3\n": {"quoted key": 1, "key with spaces": 2, "http://x": 3},
    "url: http://example.org:80/#x\ntime: 12:30 h\nformat: \"{{ a }} - {{ b=1 }}\"\n": {
        "url": "http://example.org:80/#x", "time": "12:30 h", "format": "{{ a }} - {{ b=1 }}",
    },
}  # fmt: skip
REFUSED = ["a: &x 1\n", "a: *x\n", "a: !!binary x\n", "a: 1\n   b: 2\n", "a: [1, 2\n", "a: 'open\n"]


class PlainYamlTest(unittest.TestCase):
    def test_documents_are_read(self):
        for text, value in DOCUMENTS.items():
            with self.subTest(text=text):
                self.assertEqual(read_yaml(text), value)

    def test_pyyaml_reads_the_same(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("PyYAML is not installed")
        for text, value in DOCUMENTS.items():
            with self.subTest(text=text):
                self.assertEqual(yaml.safe_load(text), value)

    def test_what_is_not_known_is_refused_with_its_line(self):
        for text in REFUSED:
            with self.subTest(text=text):
                with self.assertRaisesRegex(ValueError, r"line \d+: .*PyYAML"):
                    read_yaml(text)


if __name__ == "__main__":
    unittest.main()
