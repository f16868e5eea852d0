import { Invalid } from "@squall/model";
import { JinjaError, JinjaSyntaxError, LimitError, UndefinedError, createEnvironment } from "@squall/jinja";
import type { Template } from "@squall/jinja";
import { textCache } from "./cache.ts";
import type { Context } from "./context.ts";
import { filters } from "./filters.ts";

/** StackStorm's environment (stackstorm-model 11): strict, and tags on lines of their own leave no empty lines. */
export const environment = createEnvironment({ strict: true, trimBlocks: true, lstripBlocks: true, filters });

/** The same, but a name that is not there is an empty text: what StackStorm says results in a chat with. */
const forgiving = createEnvironment({ strict: false, trimBlocks: true, lstripBlocks: true, filters });

/** Templates that did not compile are remembered as their error. */
const templates = textCache<Template | JinjaError>(10_000, 20_000_000, (text) => {
  try {
    return environment.compile(text);
  } catch (error) {
    if (error instanceof JinjaError) return error;
    throw error;
  }
});

/** The compiled template, or why it is none. */
export const compiled = (text: string): Template | JinjaError => templates.get(text);

/** Whether a text holds an expression or a tag. Comments alone do not count, as in StackStorm. */
export function isTemplate(text: string): boolean {
  const brace = text.indexOf("{");
  return brace >= 0 && (text.includes("{{", brace) || text.includes("{%", brace));
}

/** How an expression's failure is told to callers; anything that is not one passes through. */
export function asInvalid(error: unknown, prefix = ""): unknown {
  if (!(error instanceof JinjaError)) return error;
  const { line, column } = error;
  return new Invalid(codeOf(error), {
    message: prefix + error.text,
    at: { ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) },
    cause: error,
  });
}

function codeOf(error: JinjaError): string {
  if (error instanceof JinjaSyntaxError) return "expression.syntax";
  if (error instanceof UndefinedError) return "expression.undefined";
  return error instanceof LimitError ? "expression.limit" : "expression.failed";
}

function template(text: string): Template {
  const found = compiled(text);
  if (found instanceof JinjaError) throw asInvalid(found);
  return found;
}

/**
 * Renders a template to text. Values are never taken for templates, whatever they contain.
 * @throws Invalid `expression.syntax`, `expression.undefined`, `expression.failed`, `expression.limit`
 */
export function renderText(text: string, context: Context): string {
  const found = template(text);
  try {
    return found.render(context);
  } catch (error) {
    throw asInvalid(error);
  }
}

/**
 * Renders a template to text in which a name that is not there is empty.
 * @throws Invalid as `renderText`
 */
export function renderForgiving(text: string, context: Context): string {
  try {
    return forgiving.compile(text).render(context);
  } catch (error) {
    throw asInvalid(error);
  }
}

/**
 * Renders a template so that types survive, as the patterns of rule criteria are rendered (stackstorm-model 10.1): a single
 * `{{ expression }}` gives its value; expressions among other text are written as JSON and the whole is read as JSON if
 * it is that; otherwise the text is the result.
 * @throws Invalid as `renderText`
 */
export function renderNative(text: string, context: Context): unknown {
  const found = template(text);
  try {
    if (found.expression !== undefined) return found.expression(context);
    if (text.includes("{{")) {
      const value = renderAsJson(text, context);
      if (value !== undefined) return value;
    }
    return found.render(context);
  } catch (error) {
    throw asInvalid(error);
  }
}

/** The last expression of each line goes through `to_complex`, as in StackStorm; `undefined` when that makes no JSON. */
function renderAsJson(text: string, context: Context): unknown {
  const found = compiled(text.replace(/\{\{\s*(.*)\s*\}\}/g, "{{$1 | to_complex}}"));
  if (found instanceof JinjaError) return undefined;
  let json: string;
  try {
    json = found.render(context);
  } catch (error) {
    if (error instanceof JinjaError) return undefined;
    throw error;
  }
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * The names a template takes from its context, functions of Jinja (`range`, `dict`, ...) left out.
 * @throws Invalid `expression.syntax`
 */
export function templateNames(text: string): Set<string> {
  return new Set(template(text).names);
}
