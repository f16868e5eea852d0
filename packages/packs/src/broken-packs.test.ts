import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { Parameters } from "@squall/model";
import { readPack } from "./read-pack.ts";

const PACK = "name: broken\ndescription: A pack with a mistake.\nversion: 1.2.3\nauthor: Ada\nemail: ada@example.com\n";
const ACTION = "name: act\nrunner_type: local-shell-cmd\n";
const RULE = "name: rule\ntrigger: {type: core.st2.webhook}\naction: {ref: core.noop}\n";
const RUNNERS: { name: string; runner_parameters: Parameters }[] = [
  {
    name: "local-shell-cmd",
    runner_parameters: {
      cmd: { type: "string" },
      sudo: { type: "boolean", default: false },
      timeout: { type: "integer", default: 60 },
      dir: { type: "string", immutable: true, default: "/tmp" },
    },
  },
  { name: "python-script", runner_parameters: {} },
  { name: "noop", runner_parameters: {} },
];

interface Mistake {
  readonly what: string;
  /** Beside a valid pack.yaml, unless it brings its own. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly severity?: "warning";
  /** `file:line field`, without the parts that are not there. */
  readonly at: string;
  readonly message: string | RegExp;
}

const MISTAKES: readonly Mistake[] = [
  // YAML
  {
    what: "a tab as indentation",
    files: { "actions/a.yaml": "name: a\nparameters:\n\tx: {}\n" },
    at: "actions/a.yaml:3",
    message: /tab.*indent with spaces/,
  },
  {
    what: "an unclosed bracket",
    files: { "actions/a.yaml": "name: a\ntags: [1, 2\n" },
    at: "actions/a.yaml:3",
    message: /deficient indentation; a bracket or quote opened above is not closed/,
  },
  {
    what: "text that is not UTF-8",
    files: { "rules/r.yaml": Buffer.from("name: r\ndescription: \xe9\n", "latin1") },
    at: "rules/r.yaml:2",
    message: "the file is not UTF-8 text; save it as UTF-8",
  },
  {
    what: "a control character",
    files: { "rules/r.yaml": "name: \u0007\n" },
    at: "rules/r.yaml:1",
    message: /special characters are not allowed.*U\+0007/,
  },
  {
    what: "an unquoted Jinja expression",
    files: {
      "rules/r.yaml": RULE.replace("core.noop}", "core.noop, parameters: {\n    x: {{ trigger.body }} }}"),
    },
    at: "rules/r.yaml:4",
    message: /unhashable key.*quotes/,
  },
  {
    what: "two documents",
    files: { "actions/a.yaml": `${ACTION}---\n${ACTION}` },
    at: "actions/a.yaml:2",
    message: /expected a single document/,
  },
  {
    what: "an empty file",
    files: { "actions/a.yaml": "" },
    at: "actions/a.yaml:1",
    message: "expected a mapping of fields, found nothing",
  },
  {
    what: "a list where a mapping belongs",
    files: { "actions/a.yaml": "- name: a\n" },
    at: "actions/a.yaml:1",
    message: /expected a mapping of fields, found \[/,
  },
  {
    what: "an undefined alias",
    files: { "actions/a.yaml": `${ACTION}tags: *tgas\ndescription: &tags x\n` },
    at: "actions/a.yaml:3",
    message: /found undefined alias 'tgas'/,
  },
  {
    what: "an unknown tag",
    files: { "actions/a.yaml": `${ACTION}description: !!strr x\n` },
    at: "actions/a.yaml:3",
    message: /could not determine a constructor for the tag 'tag:yaml.org,2002:strr'; did you mean '!!str'\?/,
  },
  {
    what: "a file of more than a megabyte",
    files: { "actions/a.yaml": `# ${"x".repeat(1_050_000)}\n` },
    at: "actions/a.yaml",
    message: /the file has 1050003 bytes, and a YAML file may have 1048576/,
  },
  {
    what: "aliases that grow without end",
    files: { "actions/a.yaml": laughs() },
    at: "actions/a.yaml:7",
    message: /aliases here grow the document/,
  },
  {
    what: "a key given twice",
    severity: "warning",
    files: { "actions/a.yaml": `${ACTION}enabled: true\nenabled: false\n` },
    at: "actions/a.yaml:4",
    message: /the key 'enabled' is here a second time/,
  },
  {
    what: "a key that YAML 1.1 takes for a boolean",
    severity: "warning",
    files: { "rules/r.yaml": RULE.replace("core.noop}", "core.noop, parameters: {on: 1}}") },
    at: "rules/r.yaml:3",
    message: /this key is the boolean true/,
  },

  // The manifest
  {
    what: "a manifest without a description",
    files: { "pack.yaml": PACK.replace(/description.*\n/, "") },
    at: "pack.yaml:1",
    message: "'description' is a required property",
  },
  {
    what: "a manifest without an e-mail address",
    files: { "pack.yaml": PACK.replace(/email.*\n/, "") },
    at: "pack.yaml:1",
    message: "'email' is a required property",
  },
  {
    what: "a version that YAML reads as a number",
    files: { "pack.yaml": PACK.replace("1.2.3", "0.1") },
    at: "pack.yaml:3 version",
    message: /'0.1' is no valid semver version: expected X.Y.Z .* such as 0.1.0/,
  },
  {
    what: "a version with a leading zero",
    files: { "pack.yaml": PACK.replace("1.2.3", "1.02.3") },
    at: "pack.yaml:3 version",
    message: /no valid semver/,
  },
  {
    what: "a ref with capitals",
    files: { "pack.yaml": `ref: Broken\n${PACK}` },
    at: "pack.yaml:1 ref",
    message: /'Broken' does not match/,
  },
  {
    what: "a reserved ref",
    files: { "pack.yaml": `ref: _global\n${PACK}` },
    at: "pack.yaml:1 ref",
    message: /reserved/,
  },
  {
    what: "a python version that is a number",
    files: { "pack.yaml": `${PACK}python_versions: [3]\n` },
    at: "pack.yaml:6 python_versions[0]",
    message: "3 is not of type 'string'",
  },
  {
    what: "a long contributor",
    files: { "pack.yaml": `${PACK}contributors: ["${"x".repeat(101)}"]\n` },
    at: "pack.yaml:6 contributors[0]",
    message: /is too long; at most 100/,
  },

  // Actions
  {
    what: "a mistyped key",
    files: { "actions/a.yaml": `${ACTION}entrypoint: a.sh\n` },
    at: "actions/a.yaml:3 entrypoint",
    message: "Additional properties are not allowed ('entrypoint' was unexpected); did you mean 'entry_point'?",
  },
  {
    what: "no name",
    files: { "actions/a.yaml": "runner_type: noop\n" },
    at: "actions/a.yaml:1",
    message: "'name' is a required property",
  },
  {
    what: "a name that is a number",
    files: { "actions/a.yaml": "name: 5\nrunner_type: noop\n" },
    at: "actions/a.yaml:1 name",
    message: "5 is not of type 'string'",
  },
  {
    what: "enabled as text",
    files: { "actions/a.yaml": `${ACTION}enabled: "yes"\n` },
    at: "actions/a.yaml:3 enabled",
    message: "'yes' is not of type 'boolean'",
  },
  {
    what: "an unknown runner",
    files: { "actions/a.yaml": "name: a\nrunner_type: local-shel-cmd\n" },
    at: "actions/a.yaml:2 runner_type",
    message: "RunnerType local-shel-cmd is not found; did you mean 'local-shell-cmd'?",
  },
  {
    what: "a pack that is another's",
    files: { "actions/a.yaml": `${ACTION}pack: other\n` },
    at: "actions/a.yaml:3 pack",
    message: /Model is in pack "other" but should be in pack "broken"/,
  },
  {
    what: "an entry point outside the pack",
    files: { "actions/a.yaml": `${ACTION}entry_point: ../../etc/passwd\n` },
    at: "actions/a.yaml:3 entry_point",
    message: /leaves the pack/,
  },
  {
    what: "an absolute entry point outside the pack",
    files: { "actions/a.yaml": `${ACTION}entry_point: /etc/hosts\n` },
    at: "actions/a.yaml:3 entry_point",
    message: /lies outside the pack/,
  },
  {
    what: "an entry point that is not there",
    severity: "warning",
    files: { "actions/a.yaml": "name: a\nrunner_type: python-script\nentry_point: no.py\n" },
    at: "actions/a.yaml:3 entry_point",
    message: "the file actions/no.py does not exist; it will fail when it runs",
  },
  {
    what: "a parameter name with a hyphen",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  a-b: {type: string}\n` },
    at: "actions/a.yaml:4 parameters.a-b",
    message: /may only hold letters, digits and '_'/,
  },
  {
    what: "a mistyped parameter keyword",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  a:\n    type: string\n    requried: true\n` },
    at: "actions/a.yaml:6 parameters.a.requried",
    message: "Additional properties are not allowed ('requried' was unexpected); did you mean 'required'?",
  },
  {
    what: "format in a parameter",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  a:\n    type: string\n    format: date\n` },
    at: "actions/a.yaml:6 parameters.a.format",
    message: /'format' was unexpected/,
  },
  {
    what: "a parameter of two types",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  a: {type: [string, "null"]}\n` },
    at: "actions/a.yaml:4 parameters.a.type",
    message: /is not of type 'string'; a parameter has one type/,
  },
  {
    what: "a parameter of an unknown type",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  a: {type: strng}\n` },
    at: "actions/a.yaml:4 parameters.a.type",
    message: /'strng' is not one of .*did you mean 'string'/,
  },
  {
    what: "required as a list",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  a: {type: object, required: [b]}\n` },
    at: "actions/a.yaml:4 parameters.a.required",
    message: "['b'] is not of type 'boolean'",
  },
  {
    what: "a mistake in a nested property",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  a:\n    type: object\n    properties:\n      b: {type: 1}\n` },
    at: "actions/a.yaml:7 parameters.a.properties.b.type",
    message: /1 is not of type 'string'/,
  },
  {
    what: "a parameter that is no mapping",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  a: string\n` },
    at: "actions/a.yaml:4 parameters.a",
    message: /'string' is not of type 'object'/,
  },
  {
    what: "positions with a gap",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  a: {position: 0}\n  b: {position: 2}\n` },
    at: "actions/a.yaml:5 parameters.b.position",
    message: "Positions supplied [0, 2] for parameters are not contiguous.",
  },
  {
    what: "a position given twice",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  a: {position: 1}\n  b: {position: 1}\n` },
    at: "actions/a.yaml:5 parameters.b.position",
    message: "Parameters b and a have same position 1. Position values have to be unique.",
  },
  {
    what: "immutable without a default",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  a: {type: string, immutable: true}\n` },
    at: "actions/a.yaml:4 parameters.a.immutable",
    message: "Immutable param a requires a default value.",
  },
  {
    what: "immutable where the runner says so",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  dir: {immutable: true}\n` },
    at: "actions/a.yaml:4 parameters.dir.immutable",
    message: "Param dir is declared immutable in runner. Cannot override in action.",
  },
  {
    what: "another type for a runner's parameter",
    files: { "actions/a.yaml": `${ACTION}parameters:\n  timeout: {type: string}\n` },
    at: "actions/a.yaml:4 parameters.timeout.type",
    message: 'The attribute "type" for the runner parameter "timeout" in action "broken.act" cannot be overridden.',
  },
  {
    what: "a mistyped notify",
    files: { "actions/a.yaml": `${ACTION}notify: {on-sucess: {}}\n` },
    at: "actions/a.yaml:3 notify.on-sucess",
    message: /did you mean 'on-success'/,
  },
  {
    what: "a tag without a value",
    files: { "actions/a.yaml": `${ACTION}tags:\n  - name: x\n` },
    at: "actions/a.yaml:4 tags[0]",
    message: "'value' is a required property",
  },
  {
    what: "an output schema that is none",
    files: { "actions/a.yaml": `${ACTION}output_schema: {type: objekt}\n` },
    at: "actions/a.yaml:3 output_schema.type",
    message: /'objekt' is not one of .*did you mean 'object'/,
  },
  {
    what: "the same name in two files",
    severity: "warning",
    files: { "actions/a.yaml": ACTION, "actions/b.yaml": ACTION },
    at: "actions/b.yaml:1",
    message: /'broken.act' is also in actions\/a.yaml/,
  },

  // Rules
  {
    what: "an unknown operator",
    files: { "rules/r.yaml": `${RULE}criteria:\n  trigger.body.x:\n    type: equal\n    pattern: 1\n` },
    at: "rules/r.yaml:6 criteria.trigger.body.x.type",
    message:
      /^For field: trigger.body.x, operator equal not in list of allowed operators: \['matchwildcard', .*'search'\]; did you mean 'equals'\?$/,
  },
  {
    what: "no operator",
    files: { "rules/r.yaml": `${RULE}criteria:\n  trigger.x: {pattern: 1}\n` },
    at: "rules/r.yaml:5 criteria.trigger.x",
    message: "Operator not specified for field: trigger.x",
  },
  {
    what: "no pattern",
    files: { "rules/r.yaml": `${RULE}criteria:\n  trigger.x: {type: exists}\n` },
    at: "rules/r.yaml:5 criteria.trigger.x",
    message: "For field: trigger.x, no pattern specified for operator exists",
  },
  {
    what: "an operator that no JavaScript object should know",
    files: { "rules/r.yaml": `${RULE}criteria:\n  trigger.x: {type: constructor, pattern: 1}\n` },
    at: "rules/r.yaml:5 criteria.trigger.x.type",
    message: /operator constructor not in list/,
  },
  {
    what: "a rule without a trigger",
    files: { "rules/r.yaml": "name: r\naction: {ref: core.noop}\n" },
    at: "rules/r.yaml:1",
    message: "'trigger' is a required property",
  },
  {
    what: "an extra key in a rule's action",
    files: { "rules/r.yaml": RULE.replace("core.noop}", "core.noop, params: {}}") },
    at: "rules/r.yaml:3 action.params",
    message: /'params' was unexpected/,
  },
  {
    what: "an unknown rule type",
    files: { "rules/r.yaml": `${RULE}type: {ref: backstopp}\n` },
    at: "rules/r.yaml:4 type.ref",
    message: /did you mean 'backstop'/,
  },
  {
    what: "a key that can find nothing",
    severity: "warning",
    files: { "rules/r.yaml": `${RULE}criteria:\n  body.x: {type: eq, pattern: 1}\n` },
    at: "rules/r.yaml:5 criteria.body.x",
    message: /finds nothing: keys start with 'trigger.'/,
  },
  {
    what: "a search without a condition",
    severity: "warning",
    files: {
      "rules/r.yaml": `${RULE}criteria:\n  trigger.x:\n    type: search\n    pattern:\n      item.y: {type: eq, pattern: 1}\n`,
    },
    at: "rules/r.yaml:5 criteria.trigger.x",
    message: /search needs a condition .* and has none/,
  },
  {
    what: "an unknown operator inside a search",
    severity: "warning",
    files: {
      "rules/r.yaml": `${RULE}criteria:\n  trigger.x:\n    type: search\n    condition: any\n    pattern:\n      item.y: {type: eqq, pattern: 1}\n`,
    },
    at: "rules/r.yaml:9 criteria.trigger.x.pattern.item.y.type",
    message: /operator eqq not in list.*never matches/,
  },

  // The rest
  {
    what: "a trigger type whose schema is none",
    files: { "triggers/t.yaml": "name: t\nparameters_schema: {type: objekt}\n" },
    at: "triggers/t.yaml:2 parameters_schema.type",
    message: /'objekt' is not one of .*did you mean 'object'/,
  },
  {
    what: "a trigger schema with a keyword of the wrong kind",
    files: { "triggers/t.yaml": "name: t\npayload_schema: {minLength: many}\n" },
    at: "triggers/t.yaml:2 payload_schema.minLength",
    message: "'many' is not of type 'integer'",
  },
  {
    what: "a trigger schema that refers to nothing",
    files: { "triggers/t.yaml": "name: t\npayload_schema: {$ref: '#/definitions/none'}\n" },
    at: "triggers/t.yaml:2 payload_schema",
    message: /not a JSON schema: .*#\/definitions\/none/,
  },
  {
    what: "a trigger property that is no schema",
    files: { "triggers/t.yaml": "name: t\npayload_schema:\n  type: object\n  properties:\n    x: string\n" },
    at: "triggers/t.yaml:5 payload_schema.properties.x",
    message: /is not of type 'object'/,
  },
  {
    what: "a sensor without an entry point",
    files: { "sensors/s.yaml": "class_name: S\n" },
    at: "sensors/s.yaml:1",
    message: "Sensor definition missing entry_point",
  },
  {
    what: "a sensor that polls too often",
    files: { "sensors/s.yaml": "class_name: S\nentry_point: s.py\npoll_interval: 1\n" },
    at: "sensors/s.yaml:3 poll_interval",
    message: "1 is less than the minimum of 4",
  },
  {
    what: "a mistake in a sensor's trigger type",
    files: { "sensors/s.yaml": "class_name: S\nentry_point: s.py\ntrigger_types:\n  - name: t\n    payload: {}\n" },
    at: "sensors/s.yaml:5 trigger_types[0].payload",
    message: /'payload' was unexpected/,
  },
  {
    what: "an unknown policy type",
    files: { "policies/p.yaml": "name: p\nresource_ref: core.local\npolicy_type: action.concurency\n" },
    at: "policies/p.yaml:3 policy_type",
    message: `Referenced policy_type "action.concurency" doesnt exist; did you mean 'action.concurrency'?`,
  },
  {
    what: "a policy without its threshold",
    files: {
      "policies/p.yaml":
        "name: p\nresource_ref: core.local\npolicy_type: action.concurrency\nparameters: {action: wait}\n",
    },
    at: "policies/p.yaml:4 parameters",
    message: "'threshold' is a required property",
  },
  {
    what: "too many retries",
    files: {
      "policies/p.yaml":
        "name: p\nresource_ref: core.local\npolicy_type: action.retry\nparameters: {retry_on: failure, max_retry_count: 9}\n",
    },
    at: "policies/p.yaml:4 parameters.max_retry_count",
    message: "9 is greater than the maximum of 5",
  },
  {
    what: "an alias without its action",
    files: { "aliases/a.yaml": "name: a\nformats: [x]\n" },
    at: "aliases/a.yaml:1",
    message: "'action_ref' is a required property",
  },
  {
    what: "an alias format that is a number",
    files: { "aliases/a.yaml": "name: a\naction_ref: core.local\nformats:\n  - 5\n" },
    at: "aliases/a.yaml:4 formats[0]",
    message: "5 is not of type 'object'",
  },
  {
    what: "an empty config schema",
    files: { "config.schema.yaml": "---\n" },
    at: "config.schema.yaml:1",
    message: /the config schema is empty/,
  },
  {
    what: "a config schema with a mistyped keyword",
    files: { "config.schema.yaml": "url:\n  type: string\n  secrt: true\n" },
    at: "config.schema.yaml:3 url.secrt",
    message: /did you mean 'secret'/,
  },
];

for (const { what, files, severity = "error", at, message } of MISTAKES) {
  test(`${what} is reported with its place and its cure`, async () => {
    await using pack = await packOf(files);
    const { problems } = await readPack(pack.path, { runners: RUNNERS });
    const found = problems.map((one) => ({
      severity: one.severity,
      at:
        [one.at.file, one.at.line].filter((part) => part !== undefined).join(":") +
        (one.at.field ? ` ${one.at.field}` : ""),
      message: one.message,
    }));
    const problem = found.find((one) => one.at === at && one.severity === severity);
    assert.ok(problem, `nothing of ${severity} at ${at} in ${JSON.stringify(found, null, 1)}`);
    if (typeof message === "string") assert.equal(problem.message, message);
    else assert.match(problem.message, message);
  });
}

test("a bad file does not stop its neighbours", async () => {
  await using pack = await packOf({
    "actions/a.yaml": "name: [\n",
    "actions/b.yaml": ACTION,
    "actions/c.yml": "name: c\nrunner_type: nop\n",
    "rules/r.yaml": RULE,
  });
  const content = await readPack(pack.path, { runners: RUNNERS });
  assert.deepEqual(
    content.actions.map((one) => one.resource.ref),
    ["broken.act"],
  );
  assert.deepEqual(
    content.rules.map((one) => one.resource.ref),
    ["broken.rule"],
  );
  assert.deepEqual(
    content.problems.map((one) => one.at.file),
    ["actions/a.yaml", "actions/c.yml"],
  );
});

test("a folder without a manifest is no pack, and says so", async () => {
  await using pack = await packOf({ "actions/a.yaml": ACTION }, false);
  const content = await readPack(pack.path);
  assert.equal(content.pack, undefined);
  assert.match(content.problems[0]?.message ?? "", /'broken' is no pack: pack.yaml is missing/);
});

test("a folder that is not there is refused", async () => {
  await assert.rejects(readPack(join(tmpdir(), "there-is-no-such-pack")), { code: "pack.no-folder" });
});

test("links that leave the pack are not followed", async () => {
  await using pack = await packOf({ "actions/a.yaml": "name: a\nrunner_type: python-script\nentry_point: a.py\n" });
  await using outside = await packOf({ "actions/secret.yaml": ACTION, "a.py": "" });
  await symlink(join(outside.path, "a.py"), join(pack.path, "actions/a.py"));
  await symlink(join(outside.path, "actions/secret.yaml"), join(pack.path, "actions/b.yaml"));
  await symlink(join(outside.path, "actions"), join(pack.path, "rules"));
  const content = await readPack(pack.path, { runners: RUNNERS });
  assert.deepEqual(content.actions, []);
  assert.deepEqual(content.rules, []);
  assert.deepEqual(content.pack?.resource.files, ["actions/a.yaml", "pack.yaml"]);
  const messages = content.problems.map((one) => `${one.severity} ${one.at.file}: ${one.message}`);
  assert.ok(
    messages.some((one) => /^error actions\/a.yaml: 'a.py' is a link out of the pack/.test(one)),
    messages.join("\n"),
  );
  assert.ok(
    messages.some((one) => /^error actions\/b.yaml: this link leads out of the pack/.test(one)),
    messages.join("\n"),
  );
  assert.ok(
    messages.some((one) => one.startsWith("warning rules: this link leads out")),
    messages.join("\n"),
  );
});

/** A pack folder named `broken`, removed when its block ends. */
async function packOf(files: Mistake["files"], manifest = true) {
  const base = await mkdtemp(join(tmpdir(), "squall-pack-"));
  const path = join(base, "broken");
  const all = manifest ? { "pack.yaml": PACK, ...files } : files;
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return { path, [Symbol.asyncDispose]: () => rm(base, { recursive: true }) };
}

function laughs(): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 12; level++) {
    lines.push(
      `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(", ")}]`,
    );
  }
  return lines.join("\n");
}
