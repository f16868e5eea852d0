import { readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { type Action, Invalid, isObject, messageOf, type Snapshot } from "@squall/model";
import { MAX_YAML_BYTES, readYaml } from "@squall/packs";
import {
  chainProgram,
  type ChainState,
  type Env,
  isChain,
  loadOrquesta,
  orquestaProgram,
  type OrquestaState,
  type Problem,
  type Program,
} from "@squall/workflow";
import type { Code } from "../code/code.ts";
import type { Log } from "../parts.ts";
import { isWorkflow } from "./is-workflow.ts";

/** A definition, read and compiled. */
export interface Compiled {
  readonly language: "orquesta" | "action-chain";
  readonly program: Program<OrquestaState | ChainState, Env>;
  /** The document, for what is to be known of its tasks. */
  readonly source: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
  /** The workflow asks for texts out of inputs and results to be evaluated again: `compat: reevaluate`. */
  readonly reevaluate: boolean;
  locate(path: readonly (string | number)[]): { readonly line: number; readonly column: number };
}

/** Definitions of workflows: their texts in the packs, and what was compiled from texts. */
export interface Definitions {
  /**
   * The text in the pack's folder as it is now; undefined when it cannot be read (`whyNot` says why), or not at once: then it
   * comes out of the archive that the snapshot names (`complete`).
   */
  textOf(project: string, action: Action): string | undefined;
  whyNot(project: string, action: Action): string | undefined;
  /** The snapshot with the text of its definition, as it was in the archive that it names; the same where nothing is missing or found. */
  complete(project: string, snapshot: Snapshot): Snapshot | Promise<Snapshot>;
  /**
   * As the runner of its action reads it; without one, as what it looks like.
   * @throws Invalid, TooLarge for what is no YAML or no workflow at all
   */
  compile(text: string, runner?: string): Compiled;
}

/** Compiled definitions at once, and texts. */
const CACHED = 500;
/** Variables that every workflow has without declaring them. */
export const CONTEXT_NAMES = ["st2", "parent"];

export function createDefinitions(code: Code, log: Log): Definitions {
  const texts = new Map<string, { readonly stamp: string; readonly text: string }>();
  const compiled = new Map<string, Compiled>();

  const read = (project: string, action: Action): string => {
    const folder = code.known(project, action.pack);
    if (!folder) {
      throw new Error(`pack "${action.pack}" has no folder, so its workflow ${action.entry_point} cannot be read`);
    }
    return readIn(folder, action);
  };

  const readIn = (folder: string, action: Action): string => {
    const path = join(folder, "actions", action.entry_point);
    const about = statSync(path);
    const stamp = `${about.mtimeMs} ${about.size} ${about.ino}`;
    const known = texts.get(path);
    if (known?.stamp === stamp) return known.text;
    if (!realpathSync(path).startsWith(realpathSync(folder) + sep)) {
      throw new Error(`${action.entry_point} leads out of the folder of pack "${action.pack}"`);
    }
    if (!about.isFile() || about.size > MAX_YAML_BYTES) {
      throw new Error(`${action.entry_point} is no file of at most ${MAX_YAML_BYTES} bytes`);
    }
    const text = readFileSync(path, "utf8");
    keep(texts, path, { stamp, text });
    return text;
  };

  return {
    // Synchronous, as drafting an execution is: one stat when nothing has changed.
    textOf(project, action) {
      try {
        return read(project, action);
      } catch {
        return undefined;
      }
    },
    whyNot(project, action) {
      try {
        read(project, action);
        return undefined;
      } catch (thrown) {
        return `The definition of workflow "${action.ref}" could not be read: ${messageOf(thrown)}`;
      }
    },
    complete(project, snapshot) {
      const { action, archive, definition, runner } = snapshot;
      if (definition !== undefined || archive === undefined || !isWorkflow(runner.name)) return snapshot;
      return (async () => {
        try {
          using held = await code.hold(project, action.pack, archive);
          return held === undefined ? snapshot : { ...snapshot, definition: readIn(held.path, action) };
        } catch (thrown) {
          log.warn(
            { action: action.ref, archive, error: messageOf(thrown) },
            "the definition of a workflow cannot be read",
          );
          return snapshot;
        }
      })();
    },
    compile(text, runner) {
      const key = `${runner ?? ""}\n${text}`;
      const known = compiled.get(key);
      if (known) return known;
      const fresh = compile(text, runner);
      keep(compiled, key, fresh);
      return fresh;
    },
  };
}

function compile(text: string, runner: string | undefined): Compiled {
  const document = readYaml(text);
  if (runner === undefined ? isChain(document.value) : runner === "action-chain") return compileChain(document);
  const { compat, ...source } = asObject(loadOrquesta(document));
  if (compat !== undefined && compat !== null && compat !== "reevaluate") {
    throw new Invalid("workflow.compat", {
      message: `'compat' is '${String(compat)}', and can only be 'reevaluate'; leave it out, or write 'compat: reevaluate'`,
      at: document.positions.at(["compat"]),
    });
  }
  const locate: Compiled["locate"] = (path) => document.positions.at(path);
  const program = orquestaProgram(source, { locate, contextNames: CONTEXT_NAMES });
  const problems = program.inspect();
  return { language: "orquesta", program, source, problems, reevaluate: compat === "reevaluate", locate };
}

function compileChain(document: ReturnType<typeof readYaml>): Compiled {
  const { value, positions, warnings } = document;
  if (!isObject(value) || Object.keys(value).length === 0) {
    throw new Invalid("workflow.empty", { message: "The definition of the action chain is empty." });
  }
  const twice = warnings.find((warning) => warning.message.includes("a second time"));
  if (twice !== undefined) throw new Invalid("workflow.duplicate", { message: twice.message });
  const locate: Compiled["locate"] = (path) => positions.at(path);
  const program = chainProgram(value, { locate });
  return { language: "action-chain", program, source: value, problems: program.inspect(), reevaluate: false, locate };
}

/** `loadOrquesta` lets nothing else through. */
function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw new Invalid("workflow.malformed", { message: "the workflow is not a mapping" });
}

function keep<V>(cache: Map<string, V>, key: string, value: V): void {
  cache.delete(key);
  cache.set(key, value);
  if (cache.size > CACHED) cache.delete(cache.keys().next().value as string);
}
