import { ActionFailed, type ActionContext } from "@squall/sdk";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

type Callable = (parameters: Readonly<Record<string, unknown>>, context: ActionContext) => unknown;
type Constructor = new (context: ActionContext) => object;

/** Runs what the file exports. Rejects with what the action throws. */
export async function runAction(
  file: string,
  parameters: Readonly<Record<string, unknown>>,
  context: ActionContext,
): Promise<{ readonly result: unknown; readonly status: boolean }> {
  const exported = pick(file, (await import(pathToFileURL(file).href)) as Record<string, unknown>);
  try {
    return { result: asJson(await call(file, exported, parameters, context)), status: true };
  } catch (error) {
    if (!(error instanceof ActionFailed)) throw error;
    if (error.message !== "") process.stderr.write(`${error.message}\n`);
    return { result: asJson(error.result), status: false };
  }
}

/** The default export, or `run`, or the only function there is. */
function pick(file: string, module: Record<string, unknown>): (...values: never[]) => unknown {
  const preferred = [module.default, module.run].find((value) => typeof value === "function");
  if (typeof preferred === "function") return preferred as Callable;
  const functions = Object.values(module).filter((value) => typeof value === "function");
  if (functions.length === 1) return functions[0] as Callable;
  const names = Object.keys(module);
  throw new Error(
    `${file} exports no action: export a function or a class with a method run as default ` +
      `(it exports ${names.length === 0 ? "nothing" : names.join(", ")})`,
  );
}

async function call(
  file: string,
  exported: (...values: never[]) => unknown,
  parameters: Readonly<Record<string, unknown>>,
  context: ActionContext,
): Promise<unknown> {
  const isClass = /^class\b/.test(Function.prototype.toString.call(exported)) || "run" in (exported.prototype ?? {});
  if (!isClass) return (exported as Callable)(parameters, context);
  const action = new (exported as unknown as Constructor)(context);
  if (!hasRun(action)) throw new Error(`the class that ${file} exports has no method run(parameters)`);
  return action.run(parameters);
}

function hasRun(action: object): action is { run(parameters: Readonly<Record<string, unknown>>): unknown } {
  return "run" in action && typeof action.run === "function";
}

/** As it will be read: what JSON does not have becomes text, which stderr says, and undefined null, as with Python actions. */
function asJson(value: unknown): unknown {
  if (value === undefined) return null;
  try {
    const text = JSON.stringify(value, (_key, one: unknown) => (typeof one === "bigint" ? String(one) : one));
    return text === undefined ? asText(value, `a ${typeof value}`) : (JSON.parse(text) as unknown);
  } catch (error) {
    // A cycle, or a toJSON that throws.
    return asText(value, error instanceof Error ? error.message : String(error));
  }
}

function asText(value: unknown, why: string): string {
  process.stderr.write(`The result is kept as text, since it is no JSON: ${why}\n`);
  return typeof value === "object" ? inspect(value) : String(value);
}
