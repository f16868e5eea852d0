import type { ApiGraph } from "@squall/client";
import { type Command, Option } from "commander";
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { does, examples } from "../command.ts";
import type { Context } from "../context.ts";
import { elapsedOf } from "../drawing/captions.ts";
import { mermaid } from "../drawing/mermaid.ts";
import { Failure } from "../failure.ts";
import { readText } from "../input-file.ts";
import { executionId } from "../last.ts";

interface GraphOptions {
  readonly format: "mermaid" | "svg";
  readonly out?: string;
}

/** `workflow graph`. */
export function addGraph(group: Command): void {
  const command = group
    .command("graph")
    .description("draw a definition, or an execution with its statuses")
    .argument("<file-or-execution>", "a YAML file (- is stdin), or the id of an execution (`last` is the newest)")
    .addOption(new Option("-f, --format <format>", "what to write").choices(["mermaid", "svg"]).default("mermaid"))
    .option("-o, --out <file>", "write it to this file");
  examples(
    command,
    "squall workflow graph repair.yaml",
    "squall workflow graph 65f0c0ffee65f0c0ffee0001 --format svg --out repair.svg",
  );
  does<GraphOptions>(command, async ({ context, words: [what = ""], options }) => {
    const { graph, title, execution } = await graphOf(context, what);
    if (context.out.format !== "table" && options.out === undefined) return await context.out.say(graph, "");
    const now = Date.now();
    const text =
      options.format === "mermaid"
        ? `${mermaid(graph, now)}\n`
        : (await import("../drawing/svg.ts")).svg(
            graph,
            { title, ...(execution && { status: execution.status, elapsed: elapsedOf(execution, now) }) },
            now,
          );
    await writeOut(context, text, options.out);
  });
}

/** To a file, with a note that says so, or to stdout. */
export async function writeOut(context: Context, text: string, file: string | undefined): Promise<void> {
  if (file === undefined || file === "-") return context.out.write(text);
  try {
    await writeFile(file, text);
  } catch (thrown) {
    throw new Failure(`cannot write ${file}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  context.out.note(`wrote ${file}`);
}

async function graphOf(context: Context, what: string) {
  const client = await context.client();
  if (what === "last" || /^[0-9a-f]{24}$/.test(what)) {
    const execution = await client.executions.get(await executionId(client, what), { exclude_attributes: "result" });
    const graph: ApiGraph = await client.workflowGraph({ execution: execution.id });
    return { graph, title: execution.action.ref, execution };
  }
  const graph: ApiGraph = await client.workflowGraph({ definition: await readText(what) });
  return { graph, title: what === "-" ? "workflow" : basename(what), execution: undefined };
}
