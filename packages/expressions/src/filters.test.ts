import assert from "node:assert/strict";
import { test } from "node:test";
import { PyFloat } from "@squall/jinja";
import { renderText } from "./template.ts";

function prints(cases: readonly (readonly [string, string])[], context: Record<string, unknown> = {}): void {
  for (const [template, expected] of cases) assert.equal(renderText(template, context), expected, template);
}

test("JSON and YAML are read and written as Python writes them", () => {
  prints(
    [
      ["{{ d | to_json_string }}", '{"b": [1,2.0],"a": "\\u00e9"}'],
      ["{{ d | to_json_string(sort_keys=true, separators=(', ', ': ')) }}", '{"a": "\\u00e9", "b": [1, 2.0]}'],
      ["{{ [1, {'a': 2}] | to_json_string(indent=2) }}", '[\n  1,\n  {\n    "a": 2\n  }\n]'],
      [
        "{{ '{\"a\": [1, 1.0, 1e2, 12345678901234567890]}' | from_json_string }}",
        "{'a': [1, 1.0, 100.0, 12345678901234567890]}",
      ],
      [
        "{{ 'a: [1, 1.0, yes, no, 010, 0x1f, 1:30, ~, 2020-01-01, y, 1e3]' | from_yaml_string }}",
        "{'a': [1, 1.0, True, False, 8, 31, 90, None, '2020-01-01', 'y', '1e3']}",
      ],
      [
        "{{ {'b': [1, 'x'], 'a': {'c': none, 'd': 'yes', 'e': 1.0}} | to_yaml_string }}",
        "a:\n  c: null\n  d: 'yes'\n  e: 1.0\nb:\n- 1\n- x\n",
      ],
      ["{{ 'say \"hi\"\\n' | json_escape }}", 'say \\"hi\\"\\n'],
    ],
    {
      d: new Map<string, unknown>([
        ["b", [1, new PyFloat(2)]],
        ["a", "é"],
      ]),
    },
  );
});

test("regular expressions are Python's", () => {
  prints([
    [
      "{{ 'Stan' | regex_match('ta') }} {{ 'Stan' | regex_search('ta') }} {{ 'Stan' | regex_match('st', ignorecase=true) }}",
      "False True True",
    ],
    [String.raw`{{ 'ab12' | regex_replace('(?P<l>[a-z]+)(\\d+)', '\\2-\\g<l>') }}`, "12-ab"],
    [
      String.raw`{{ 'a1 b22' | regex_substring('([a-z])(\\d+)', 1) }} {{ 'a1 b22' | regex_substring('\\d+', result_index=-1) }}`,
      "('b', '22') 22",
    ],
    [
      String.raw`{{ 'x\n' | regex_match('x$') }} {{ 'x\n' | regex_match('x\\Z') }} {{ 'X' | regex_search('(?i)x') }}`,
      "True False True",
    ],
    [
      String.raw`{{ 'é_1' | regex_match('\\w+\\Z') }} {{ '] {x}' | regex_replace('[\\]{}]', '.') }} {{ 'a{b' | regex_search('a{b') }} {{ 'aaa' | regex_match('a{2}$') }}`,
      "True . .x. True False",
    ],
    ["{{ 'a-b_c' | regex_replace('[\\-\\_]', '.') }}", "a.b.c"],
  ]);
  assert.throws(() => renderText("{{ 'a' | regex_match('(') }}", {}), /pattern/);
});

test("a pattern that would take for ever is given up", () => {
  for (const pattern of ["(a+)+$", "(a|aa)+$"]) {
    assert.throws(
      () => renderText("{{ t | regex_search(p) }}", { t: `${"a".repeat(60)}!`, p: pattern }),
      /took more than/,
      pattern,
    );
  }
});

test("versions are compared, matched and bumped by their rules", () => {
  prints([
    [
      "{{ '1.10.0' | version_compare('1.9.0') }} {{ '1.0.0-rc.9' | version_compare('1.0.0-rc.10') }} {{ '1.0.0+a' | version_equal('1.0.0+b') }}",
      "1 -1 True",
    ],
    [
      "{{ '1.2.3' | version_match('>=1.2.3') }} {{ '1.2.3' | version_match('!=1.2.3') }} {{ '1.2.3' | version_match('1.2.3') }}",
      "True False True",
    ],
    [
      "{{ '1.2.3-rc1' | version_bump_patch }} {{ '1.2.3' | version_bump_minor }} {{ '1.2.3' | version_strip_patch }}",
      "1.2.4 1.3.0 1.2",
    ],
  ]);
  assert.throws(() => renderText("{{ '1.2' | version_compare('1.2.0') }}", {}), /not valid SemVer/);
});

test("seconds become words in StackStorm's calendar", () => {
  prints([
    [
      "{{ 0 | to_human_time_from_seconds }} {{ 0.5 | to_human_time_from_seconds }} {{ 185 | to_human_time_from_seconds }}",
      "0s 0.5μs 3m5s",
    ],
    ["{{ 172805 | to_human_time_from_seconds }} {{ 45.5 | to_human_time_from_seconds }}", "2d0h0m5s 46s"],
  ]);
});

test("paths are cut as POSIX cuts them", () => {
  prints([
    [
      "[{{ '/a/b/' | basename }}] [{{ 'c' | dirname }}] [{{ '/a//b' | dirname }}] [{{ '//b' | dirname }}] {{ '/a/b.c' | basename }}",
      "[] [] [/a] [//] b.c",
    ],
  ]);
});

test("null can be smuggled through text", () => {
  prints([["{{ none | use_none }} {{ 0 | use_none }}", "%*****__%NONE%__*****% 0"]]);
});
