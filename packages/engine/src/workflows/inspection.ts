import { type Execution, isObject, messageOf, nearest, type Snapshot, SquallError } from "@squall/model";
import { type Problem, readAction } from "@squall/workflow";
import type { Core } from "../core.ts";
import type { Compiled } from "./definitions.ts";

/** A problem of a definition in StackStorm's shape (stackstorm-model 17.1), with its place and what was meant beside it. */
export interface InspectionEntry {
  readonly type: string;
  readonly message: string;
  readonly spec_path: string | null;
  readonly schema_path: string | null;
  readonly language?: string;
  readonly expression?: string;
  readonly suggestion?: string;
  readonly line?: number;
  readonly column?: number;
}

const TYPES: Readonly<Record<Problem["category"], string>> = {
  syntax: "syntax",
  semantics: "semantic",
  expressions: "expression",
  context: "context",
};

/** Everything that is wrong with the text of a definition, and with what it says of the actions that there are. */
export function inspectText(core: Core, project: string, text: string): InspectionEntry[] {
  let compiled: Compiled;
  try {
    compiled = core.definitions.compile(text);
  } catch (thrown) {
    const at = thrown instanceof SquallError ? thrown.at : undefined;
    return [
      {
        type: "syntax",
        message: messageOf(thrown),
        spec_path: null,
        schema_path: null,
        ...(at?.line !== undefined && { line: at.line }),
        ...(at?.column !== undefined && { column: at.column }),
      },
    ];
  }
  return inspect(core, project, compiled);
}

function inspect(core: Core, project: string, compiled: Compiled): InspectionEntry[] {
  const found = compiled.problems.map(
    ({ category, message, specPath, schemaPath, type, expression, suggestion, at }): InspectionEntry => ({
      type: TYPES[category],
      message,
      spec_path: specPath,
      schema_path: schemaPath,
      ...(type && { language: type }),
      ...(expression !== undefined && { expression }),
      ...(suggestion !== undefined && { suggestion }),
      ...(at?.line !== undefined && { line: at.line }),
      ...(at?.column !== undefined && { column: at.column }),
    }),
  );
  return [...checkContent(core, project, compiled), ...found].sort(
    (a, b) =>
      compare(a.type, b.type) ||
      compare(a.schema_path ?? "", b.schema_path ?? "") ||
      compare(a.spec_path ?? "", b.spec_path ?? ""),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const isExpression = (text: string): boolean => text.includes("<%") || text.includes("{{");
const TASK = "properties.tasks.patternProperties.^\\w+$.properties";

/** What a task or a node runs, and where that stands. */
interface Use {
  readonly ref: string;
  readonly input: unknown;
  readonly at: Readonly<
    Record<"action" | "input", Pick<InspectionEntry, "spec_path" | "schema_path" | "line" | "column">>
  >;
}

function* usesIn({ language, source, locate }: Compiled): Generator<Use> {
  if (language === "action-chain") {
    for (const [at, node] of (Array.isArray(source.chain) ? source.chain : []).entries()) {
      if (!isObject(node) || typeof node.ref !== "string") continue;
      const member = isObject(node.params) ? "params" : "parameters";
      const place = (name: string) => ({
        spec_path: `chain[${at}].${name}`,
        schema_path: `properties.chain.items.properties.${name}`,
        ...locate(["chain", at, name]),
      });
      yield { ref: node.ref, input: node[member], at: { action: place("ref"), input: place(member) } };
    }
    return;
  }
  if (!isObject(source.tasks)) return;
  for (const [name, task] of Object.entries(source.tasks)) {
    if (!isObject(task) || typeof task.action !== "string") continue;
    const { action: ref, input } = readAction(task.action, task.input, `the task '${name}'`);
    const place = (member: string) => ({
      spec_path: `tasks.${name}.${member}`,
      schema_path: `${TASK}.${member}`,
      ...locate(["tasks", name, member]),
    });
    if (ref !== null && !isExpression(ref))
      yield { ref, input, at: { action: place("action"), input: place("input") } };
  }
}

/** What only who knows the registered actions can find. */
function checkContent(core: Core, project: string, compiled: Compiled): InspectionEntry[] {
  const out: InspectionEntry[] = [];
  for (const { ref, input, at } of usesIn(compiled)) {
    const add = (member: "action" | "input", message: string, meant?: string) => {
      const suggestion = meant === undefined ? {} : { suggestion: `did you mean '${meant}'?` };
      out.push({ type: "content", message, ...at[member], ...suggestion });
    };
    if (!/^[\w-]+\.[\w.-]+$/.test(ref)) {
      add("action", `The action reference "${ref}" is not formatted correctly.`);
      continue;
    }
    const action = core.shelves.get(project, "action", ref)?.body;
    if (action === undefined) {
      const meant = nearest(
        ref,
        core.shelves.list(project, "action").map((one) => one.ref),
      );
      add("action", `The action "${ref}" is not registered in the database.`, meant);
      continue;
    }
    const runner = core.shelves.get(project, "runner_type", action.runner_type)?.body;
    if (runner === undefined || typeof input === "string") continue;
    const { merged, defaults } = core.plans(action, runner);
    const given = isObject(input) ? Object.keys(input) : [];
    for (const [parameter, schema] of Object.entries(merged)) {
      if (schema.required === true && defaults[parameter] === undefined && !given.includes(parameter)) {
        add("input", `Action "${ref}" is missing required input "${parameter}".`);
      }
    }
    for (const parameter of given) {
      if (parameter in merged) continue;
      add("input", `Action "${ref}" has unexpected input "${parameter}".`, nearest(parameter, Object.keys(merged)));
    }
  }
  return out;
}

/** Why an execution of a workflow cannot begin: entries of its result. */
export function checkBeforeRun(
  core: Core,
  execution: Execution,
  snapshot: Snapshot,
  notify: unknown,
): readonly object[] {
  if (snapshot.definition === undefined) {
    const why = core.definitions.whyNot(execution.project, snapshot.action);
    return [
      {
        type: "error",
        message:
          why ??
          `The definition of workflow "${execution.action}" could not be read when it was asked to run; run it again.`,
      },
    ];
  }
  let compiled: Compiled;
  try {
    compiled = core.definitions.compile(snapshot.definition, execution.runner);
  } catch (thrown) {
    const found = inspectText(core, execution.project, snapshot.definition);
    return found.length > 0 ? found : [{ type: "error", message: messageOf(thrown) }];
  }
  const problems = inspect(core, execution.project, compiled);
  if (compiled.language === "action-chain") {
    // StackStorm finds out about an action when the chain comes to it: what stands before it has run by then.
    return problems.filter((one) => one.type !== "content");
  }
  if (problems.length > 0) return problems;
  const tasks = isObject(compiled.source.tasks) ? Object.keys(compiled.source.tasks) : [];
  const unknown = Array.isArray(notify) ? notify.map(String).filter((name) => !tasks.includes(name)) : [];
  if (unknown.length === 0) return [];
  return [
    {
      type: "error",
      message: `The following tasks in the notify parameter do not exist in the workflow definition: ${unknown.join(", ")}.`,
    },
  ];
}
