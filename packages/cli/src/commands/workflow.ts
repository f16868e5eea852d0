import type { ApiProblem, ApiRehearsal } from "@squall/client";
import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { Failure, UsageError } from "../failure.ts";
import { objectOf, readObject, readText } from "../input-file.ts";
import { scalarText, toYaml } from "../output/fields.ts";
import { executionId } from "../last.ts";
import { addGraph, writeOut } from "./workflow-graph.ts";

/** Nothing here runs an action or writes anything. */
export function define(group: Command): void {
  const inspect = group
    .command("inspect")
    .description("find everything that is wrong with a definition")
    .argument("<file>", "the workflow's YAML (- is stdin)");
  examples(inspect, "squall workflow inspect actions/workflows/repair.yaml");
  does(inspect, async ({ context, words: [file = ""] }) => {
    const text = await readText(file);
    const problems = await (await context.client()).inspectWorkflow(text);
    const lines = problems.map((one) => problemLine(file, one));
    await context.out.say(problems, lines.length === 0 ? "No errors found in workflow definition." : lines.join("\n"));
    if (problems.length > 0) context.exitStatus = 1;
  });

  addRehearse(group);
  addRecord(group);
  addGraph(group);
}

interface RehearseOptions {
  readonly inputs?: string;
  readonly mocks?: string;
  readonly keys?: string;
  readonly recording?: string;
}

function addRehearse(group: Command): void {
  const command = group
    .command("rehearse")
    .description("take a definition through with given task results, and print the path taken")
    .argument("<file>", "the workflow's YAML, or a recording (- is stdin)")
    .option("--inputs <file>", "YAML or JSON: the workflow's inputs by name")
    .option("--mocks <file>", "YAML or JSON: by task {status, result}, or a list of them for one run after the other")
    .option("--keys <file>", "YAML or JSON: what st2kv finds, by name")
    .option("--recording <file>", "take results from this recording, and tell what goes otherwise than in it");
  examples(
    command,
    "squall workflow rehearse repair.yaml --inputs inputs.yaml --mocks mocks.yaml",
    "squall workflow rehearse recorded.yaml",
    "squall workflow rehearse repair.yaml --recording recorded.yaml",
  );
  does<RehearseOptions>(command, async ({ context, words: [file = ""], options }) => {
    const text = await readText(file);
    const isRecording = RECORDING.test(text);
    if (isRecording && options.recording !== undefined) {
      throw new UsageError(`${file} is a recording itself`, "give the definition, or leave --recording out");
    }
    const from = options.recording ?? (isRecording ? file : undefined);
    const recording = from === undefined ? {} : await objectOf(from, from === file ? text : await readText(from));
    const rehearsed = await (await context.client()).rehearseWorkflow({
      ...recording,
      ...(isRecording ? { definition: definitionOf(recording, file) } : { definition: text }),
      ...(options.inputs !== undefined && { inputs: await readObject(options.inputs) }),
      ...(options.mocks !== undefined && { mocks: await readObject(options.mocks) }),
      ...(options.keys !== undefined && { keys: textsOf(await readObject(options.keys), options.keys) }),
    });
    await context.out.say(rehearsed, rehearsalText(rehearsed));
    const { differences, status } = rehearsed;
    // A recording of a failure is met by failing the same way.
    if (differences === undefined ? status !== "succeeded" : differences.length > 0) context.exitStatus = 1;
  });
}

/** The first line of a recording that is no comment. */
const RECORDING = /^(?:\s*#.*\n|\s*\n)*["{\s]*recording"?: *1\b/;

function definitionOf({ definition }: Readonly<Record<string, unknown>>, file: string): string {
  if (typeof definition === "string") return definition;
  throw new Failure(`${file} is a recording without a definition`, "record the execution again");
}

function addRecord(group: Command): void {
  const command = group
    .command("record")
    .description("make a rehearsal from a run that has ended; secrets are replaced")
    .argument("<execution-id>", "a workflow's execution (`last` is the newest)")
    .option("-o, --out <file>", "write it to this file");
  examples(
    command,
    "squall workflow record 65f0c0ffee65f0c0ffee0001 --out recorded.yaml",
    "squall workflow rehearse recorded.yaml",
  );
  does<{ out?: string }>(command, async ({ context, words: [id = ""], options }) => {
    const client = await context.client();
    const recording = await client.recordWorkflow(await executionId(client, id));
    for (const note of recording.notes) context.out.note(`squall: ${note}`);
    if (context.out.format === "json") {
      return await writeOut(context, `${JSON.stringify(recording, undefined, 2)}\n`, options.out);
    }
    const { execution, action, status } = recording.of;
    const head = `# ${action}, execution ${execution}, ${status}. Rehearse it: squall workflow rehearse FILE\n`;
    await writeOut(context, head + (await toYaml(recording, -1)), options.out);
  });
}

function problemLine(file: string, { type, message, spec_path, line, column, suggestion }: ApiProblem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  const what = spec_path ? `${spec_path}: ${message}` : message;
  return `${place}: ${type}: ${what}${suggestion === undefined ? "" : ` (${suggestion})`}`;
}

function rehearsalText({ status, path, output, errors, unused, differences }: ApiRehearsal): string {
  const steps = path.map(({ task, item, action, input, delay, status: ended }) => {
    const which = item === undefined ? task : `${task}[${item}]`;
    const parameters = Object.entries(input).map(([name, value]) => `${name}=${scalarText(value)}`);
    const after = delay === undefined ? "" : ` after ${delay} s`;
    return `${ended === "succeeded" ? "✓" : "✗"} ${[which, action, ...parameters].join("  ")}${after}  ${ended}`;
  });
  return [
    ...steps,
    `the workflow ${status}`,
    ...(output === null ? [] : [`output: ${JSON.stringify(output)}`]),
    ...errors.map(({ task_id, message }) => `error${task_id === undefined ? "" : ` in ${task_id}`}: ${message}`),
    ...(unused.length === 0 ? [] : [`these mocks were not used: ${unused.join(", ")}`]),
    ...differenceLines(differences),
  ].join("\n");
}

function differenceLines(differences: readonly string[] | undefined): string[] {
  if (differences === undefined) return [];
  if (differences.length === 0) return ["as recorded: the same path and output"];
  return [`otherwise than recorded (${differences.length}):`, ...differences.map((one) => `  ${one}`)];
}

function textsOf(values: Readonly<Record<string, unknown>>, file: string): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "string")
      throw new Failure(`${file}: key '${name}' is no text`, "keys of the datastore are texts; quote it");
    texts[name] = value;
  }
  return texts;
}
