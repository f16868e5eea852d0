import { isTemplate, templateNames } from "@squall/expressions";
import { Invalid, isObject, nearest } from "@squall/model";
import { compareNames } from "../orquesta/graph.ts";
import type { Schema } from "../orquesta/inspect/schema.ts";
import { type Path, validate, type Violation } from "../orquesta/inspect/validate.ts";
import type { ReadOptions } from "../orquesta/program.ts";
import type { Problem } from "../program.ts";

const text: Schema = { type: "string", minLength: 1 };
const name: Schema = { type: "string" };
const texts: Schema = { type: "array", items: text };
const section: Schema = {
  type: "object",
  properties: { message: { type: "string" }, data: { type: "object" }, routes: texts, channels: texts },
  additionalProperties: false,
};

/** The form of a chain (stackstorm-model 17.2). */
const CHAIN: Schema = {
  type: "object",
  properties: {
    chain: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        properties: {
          name: text,
          ref: text,
          params: { type: "object" },
          parameters: { type: "object" },
          "on-success": name,
          "on-failure": name,
          publish: { type: "object" },
          notify: {
            type: "object",
            properties: { "on-complete": section, "on-success": section, "on-failure": section },
            additionalProperties: false,
          },
        },
        required: ["name", "ref"],
        additionalProperties: false,
      },
    },
    default: name,
    vars: { type: "object" },
  },
  required: ["chain"],
  additionalProperties: false,
};

/** Everything that is wrong with an action chain, each with its place. */
export function inspectChain(source: unknown, options: ReadOptions): Problem[] {
  const found = [...syntax(source), ...semantics(source), ...expressions(source)];
  return found
    .map(({ path, ...problem }): Problem => {
      const field = specPath(path);
      const at = options.locate && { ...options.locate(path), ...(field === null ? {} : { field }) };
      return { ...problem, specPath: field, ...(at && { at }) };
    })
    .sort((a, b) => compareNames(a.category, b.category) || compareNames(a.specPath ?? "", b.specPath ?? ""));
}

type Found = Omit<Problem, "specPath" | "at"> & { readonly path: Path };

function syntax(source: unknown): Found[] {
  return validate(withoutNulls(source), CHAIN).map((violation) => ({
    category: "syntax",
    message: violation.message,
    schemaPath: violation.schemaPath.join("."),
    path: violation.path,
    ...suggestionFor(violation),
  }));
}

/** A member that is null counts as left out. */
function withoutNulls(source: unknown): unknown {
  const strip = (value: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
  if (!isObject(source)) return source;
  const root = strip(source);
  if (!Array.isArray(root.chain)) return root;
  return { ...root, chain: root.chain.map((node: unknown) => (isObject(node) ? strip(node) : node)) };
}

function suggestionFor({ unknown }: Violation): { suggestion?: string } {
  for (const given of unknown?.names ?? []) {
    const near = nearest(given, unknown?.allowed ?? []);
    if (near !== undefined) return { suggestion: `did you mean '${near}' instead of '${given}'?` };
  }
  return {};
}

function* semantics(source: unknown): Generator<Found> {
  if (!isObject(source)) return;
  const nodes = (Array.isArray(source.chain) ? source.chain : []).map((node: unknown) => (isObject(node) ? node : {}));
  const names = nodes.map((node) => node.name);
  const known = names.filter((one): one is string => typeof one === "string");
  const problem = (path: Path, message: string, suggestion?: string): Found => ({
    category: "semantics",
    message,
    schemaPath: schemaPathOf(path),
    path,
    ...(suggestion !== undefined && { suggestion }),
  });
  const unknown = (path: Path, target: unknown, where: string): Found[] => {
    if (typeof target !== "string" || target === "" || known.includes(target)) return [];
    const near = nearest(target, known);
    const message = `Unable to find node with name "${target}" referenced in ${where}.`;
    return [problem(path, message, near === undefined ? undefined : `did you mean '${near}'?`)];
  };
  yield* unknown(["default"], source.default, '"default"');
  for (const [at, node] of nodes.entries()) {
    const path = ["chain", at];
    for (const way of ["on-success", "on-failure"]) {
      yield* unknown([...path, way], node[way], `"${way}" in task "${shownName(node.name)}"`);
    }
    if (node.name !== undefined && names.indexOf(node.name) < at) {
      yield problem([...path, "name"], `The name "${shownName(node.name)}" is used by another node of the chain.`);
    }
    if (isObject(node.params) && isObject(node.parameters)) {
      const message = "Either 'params' or 'parameters' can be specified, but not both.";
      yield problem([...path, "params"], message, "'params' is the old name: keep 'parameters'");
    }
  }
}

/** Templates that are none. What they name is known only when the chain runs: its inputs stand in the action's metadata. */
function* expressions(source: unknown): Generator<Found> {
  if (!isObject(source)) return;
  const places: [Path, unknown][] = [[["vars"], source.vars]];
  for (const [at, node] of (Array.isArray(source.chain) ? source.chain : []).entries()) {
    if (!isObject(node)) continue;
    for (const member of ["params", "parameters", "publish"]) places.push([["chain", at, member], node[member]]);
  }
  for (const [path, value] of places) yield* badTemplates(path, value, 0);
}

/** Deeper than anybody writes by hand. */
const MAX_DEPTH = 100;

function* badTemplates(path: Path, value: unknown, depth: number): Generator<Found> {
  if (typeof value === "string" && isTemplate(value)) {
    try {
      templateNames(value);
    } catch (thrown) {
      if (!(thrown instanceof Invalid)) throw thrown;
      yield {
        category: "expressions",
        message: thrown.message,
        schemaPath: schemaPathOf(path),
        path,
        type: "jinja",
        expression: value,
      };
    }
  }
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return;
  for (const [key, member] of Object.entries(value)) {
    yield* badTemplates([...path, Array.isArray(value) ? Number(key) : key], member, depth + 1);
  }
}

/** Through the schema, as far as the schema goes. */
function schemaPathOf([first, , member]: Path): string {
  if (first !== "chain") return `properties.${String(first)}`;
  return `properties.chain.items${member === undefined ? "" : `.properties.${member}`}`;
}

const shownName = (given: unknown): string => (typeof given === "string" ? given : "?");

const specPath = (path: Path): string | null =>
  path.length === 0
    ? null
    : path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
