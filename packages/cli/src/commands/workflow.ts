import type { ApiGraph, ApiProblem, ApiRehearsal } from "@squall/client";
import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { Failure } from "../failure.ts";
import { readObject, readText } from "../input-file.ts";
import { scalarText } from "../output/fields.ts";

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

  const rehearse = group
    .command("rehearse")
    .description("take a definition through with given task results, and print the path taken")
    .argument("<file>", "the workflow's YAML (- is stdin)")
    .option("--inputs <file>", "YAML or JSON: the workflow's inputs by name")
    .option("--mocks <file>", "YAML or JSON: by task {status, result}, or a list of them for one run after the other")
    .option("--keys <file>", "YAML or JSON: what st2kv finds, by name");
  examples(
    rehearse,
    "squall workflow rehearse repair.yaml",
    "squall workflow rehearse repair.yaml --inputs inputs.yaml --mocks mocks.yaml",
  );
  does<{ inputs?: string; mocks?: string; keys?: string }>(
    rehearse,
    async ({ context, words: [file = ""], options }) => {
      const definition = await readText(file);
      const given = {
        ...(options.inputs !== undefined && { inputs: await readObject(options.inputs) }),
        ...(options.mocks !== undefined && { mocks: await readObject(options.mocks) }),
        ...(options.keys !== undefined && { keys: textsOf(await readObject(options.keys), options.keys) }),
      };
      const rehearsed = await (await context.client()).rehearseWorkflow({ definition, ...given });
      await context.out.say(rehearsed, rehearsalText(rehearsed));
      if (rehearsed.status !== "succeeded") context.exitStatus = 1;
    },
  );

  const graph = group
    .command("graph")
    .description("draw a definition, or an execution with its statuses, as Mermaid text")
    .argument("<file-or-execution>", "a YAML file (- is stdin) or the id of an execution");
  examples(graph, "squall workflow graph repair.yaml", "squall workflow graph 65f0c0ffee65f0c0ffee0001 > repair.mmd");
  does(graph, async ({ context, words: [what = ""] }) => {
    const client = await context.client();
    const of = /^[0-9a-f]{24}$/.test(what) ? { execution: what } : { definition: await readText(what) };
    const drawn = await client.workflowGraph(of);
    await context.out.say(drawn, mermaid(drawn));
  });
}

function problemLine(file: string, { type, message, spec_path, line, column, suggestion }: ApiProblem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  const what = spec_path ? `${spec_path}: ${message}` : message;
  return `${place}: ${type}: ${what}${suggestion === undefined ? "" : ` (${suggestion})`}`;
}

function rehearsalText({ status, path, output, errors, unused }: ApiRehearsal): string {
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
  ].join("\n");
}

/** A flow chart in Mermaid's language. Texts of definitions stand in quotes, in which only quotes mean anything. */
export function mermaid({ nodes, edges }: ApiGraph): string {
  const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const quoted = (text: string) => `"${text.replaceAll('"', "#quot;").replaceAll("\n", " ")}"`;
  const lines = ["flowchart TD"];
  for (const { id, action, join, items, status, runs } of nodes) {
    const notes = [
      action,
      join === undefined ? undefined : `join ${join}`,
      items ? "with items" : undefined,
      status === undefined ? undefined : `${status}${runs !== undefined && runs > 1 ? `, ${runs} runs` : ""}`,
    ].filter((note) => note !== undefined);
    lines.push(
      `  ${names.get(id)}[${quoted([id, ...notes].join("<br>"))}]${status === undefined ? "" : `:::${status}`}`,
    );
  }
  for (const { from, to, when, taken } of edges) {
    const arrow = taken === true ? "==>" : taken === false ? "-.->" : "-->";
    lines.push(`  ${names.get(from)} ${arrow}${when === undefined ? "" : `|${quoted(when)}|`} ${names.get(to)}`);
  }
  lines.push("  classDef succeeded fill:#d7f0dd,stroke:#2c7a4b", "  classDef failed fill:#f8d7da,stroke:#a32d3a");
  lines.push("  classDef running fill:#d6e8fa,stroke:#1f6f8b");
  return lines.join("\n");
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
