import { renderForgiving, renderParameters, renderText } from "@squall/expressions";
import { Invalid, isObject, type JsonObject, messageOf, NotFound, type Principal, type Resources } from "@squall/model";
import type { Core } from "../core.ts";
import type { AliasAnswer, AliasCommand, Aliases, AliasResult, Executions } from "../engine.ts";
import { runnerOf } from "../executions/draft.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { holdsTemplate } from "../parameters/templates.ts";
import { createFormatBook, hasFormat, helpOf, MOST_STEPS } from "./book.ts";
import { type Extracted, extract, extractAll, readCommand } from "./format.ts";

type Alias = Resources["action_alias"];

/** Reads what people say in a chat, runs it, and says what is to be said of it (stackstorm-model 20). */
export function createAliases(core: Core, executions: Executions): Aliases {
  const book = createFormatBook(core.parts.log);

  const all = (project: string): Alias[] =>
    core.shelves
      .list(project, "action_alias")
      .filter(({ enabled }) => enabled)
      .sort((a, b) => (a.ref < b.ref ? -1 : 1));

  /** By name, as StackStorm's bots ask; where two packs have the name, that which has the format. */
  const named = (project: string, name: string, format: string): Alias => {
    const found = core.shelves
      .list(project, "action_alias")
      .filter((alias) => alias.name === name || alias.ref === name);
    const alias = found.find((one) => one.enabled && hasFormat(one, format)) ?? found[0];
    if (!alias) {
      throw new NotFound("alias.unknown", { message: `Unable to identify action alias with name "${name}".` });
    }
    if (!alias.enabled) {
      throw new Invalid("alias.disabled", { message: `Action alias with name "${name}" is disabled.` });
    }
    if (!hasFormat(alias, format)) {
      throw new Invalid("alias.format-unavailable", {
        message: `Format string "${format}" is not available on the alias "${alias.name}"`,
        at: { field: "format" },
      });
    }
    return alias;
  };

  const execute = async (principal: Principal, asked: AliasCommand): Promise<AliasAnswer[]> => {
    const alias = named(principal.project, asked.name, asked.format);
    const occurrences = extracted(asked);
    const context = contextOf(principal, asked, alias);
    const fixed = await fixedParameters(principal, alias, context);
    for (const { values } of occurrences) refuseFixed(fixed, values);
    const isList = listParameters(principal.project, alias);
    const answers: AliasAnswer[] = [];
    for (const occurrence of occurrences) {
      const { parameters, literal } = split(occurrence, isList);
      const execution = await executions.request(principal, {
        action: alias.action_ref,
        parameters,
        literal: { ...literal, ...fixed },
        context,
        notify: { "on-complete": notification(principal, asked) },
      });
      const [view = {}] = await executions.views([execution], { showSecrets: asked.showSecrets === true });
      answers.push(acknowledged(alias, view));
    }
    return answers;
  };

  const extracted = ({ format: text, command: said, multiple }: AliasCommand): Extracted[] => {
    const budget = { steps: MOST_STEPS };
    const format = book.format(text);
    const command = readCommand(said, budget);
    if (multiple) return extractAll(format, command, budget);
    const found = extract(format, command, budget);
    if (found) return [found];
    throw new Invalid("alias.no-match", { message: `Command "${said}" doesn't match format string "${text}"` });
  };

  /** What the alias says of parameters that nobody may give. Templates see the datastore and the execution's context. */
  const fixedParameters = async (principal: Principal, alias: Alias, context: JsonObject): Promise<JsonObject> => {
    const fixed = alias.immutable_parameters ?? {};
    if (!holdsTemplate(fixed)) return fixed;
    const { project, user } = principal;
    return evaluateWithKeys(core.parts, project, (keys) => renderParameters(fixed, { ...keys(user), ...context }));
  };

  /** Tells which parameters of the alias's action are lists. */
  const listParameters = (project: string, alias: Alias): ((name: string) => boolean) => {
    const action = core.shelves.get(project, "action", alias.action_ref)?.body;
    if (!action) {
      throw new NotFound("alias.action-unknown", { message: `Action with ref "${alias.action_ref}" not found` });
    }
    const { merged } = core.plans(action, runnerOf(core, project, action));
    return (name) => Object.hasOwn(merged, name) && merged[name]?.type === "array";
  };

  return {
    match: (project, command) => book.match(all(project), command),
    help: (project, about) => helpOf(all(project), about),
    execute,
    async resultOf(execution) {
      const ref = execution.context.action_alias_ref;
      const id = isObject(ref) && typeof ref.id === "string" ? ref.id : "";
      const alias = core.shelves.get(execution.project, "action_alias", id)?.body;
      if (!alias) return { enabled: true };
      const [view = {}] = await executions.views([execution]);
      return resultBy(alias, view);
    },
  };
}

function contextOf(principal: Principal, { user, vouched, sourceChannel }: AliasCommand, alias: Alias): JsonObject {
  const said = user ?? principal.user;
  return {
    action_alias_ref: { id: alias.id, name: alias.name },
    api_user: said,
    ...(said !== principal.user && !vouched && { api_user_claimed: true }),
    user: principal.user,
    source_channel: sourceChannel,
  };
}

/** Notifications are rendered as templates; what came out of a chat is none. */
function notification(principal: Principal, { user, sourceChannel, sourceContext, route }: AliasCommand) {
  const data: JsonObject = {
    user: user ?? principal.user,
    source_channel: sourceChannel,
    source_context: sourceContext ?? null,
  };
  return { routes: route === undefined ? [] : [route], data: asData(data) as JsonObject };
}

/** The same value for a renderer of templates: texts that look like one become a template that gives them. */
function asData(value: unknown): unknown {
  if (typeof value === "string") return holdsTemplate(value) ? `{{ ${JSON.stringify(value)} }}` : value;
  if (Array.isArray(value)) return value.map(asData);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, asData(one)]));
}

function refuseFixed(fixed: JsonObject, values: ReadonlyMap<string, unknown>): void {
  const given = Object.keys(fixed).filter((name) => values.has(name));
  if (given.length === 0) return;
  throw new Invalid("alias.immutable", {
    message: `Immutable arguments cannot be overriden: ${given.join(",")}`,
    fields: { parameters: given },
  });
}

/**
 * What the action gets. A format's defaults are the pack's own words and may be templates; what stood in the command is data.
 * Lists are written with commas.
 */
function split(
  { values, defaulted }: Extracted,
  isList: (name: string) => boolean,
): { readonly parameters: JsonObject; readonly literal: JsonObject } {
  const parameters: [string, unknown][] = [];
  const literal: [string, unknown][] = [];
  for (const [name, value] of values) {
    if (value === null) continue; // as if it were not there: the action's default counts
    const given = isList(name) ? value.split(",").map((part) => part.trim()) : value;
    (defaulted.has(name) ? parameters : literal).push([name, given]);
  }
  return { parameters: Object.fromEntries(parameters), literal: Object.fromEntries(literal) };
}

/** The answer to the chat that it runs. It does run: a template that fails says so instead of failing. */
function acknowledged(alias: Alias, execution: JsonObject): AliasAnswer {
  const { format, extra } = alias.ack ?? {};
  const context = { actionalias: alias, execution };
  const attempt = <T>(field: string, render: () => T): T | string => {
    try {
      return render();
    } catch (thrown) {
      return `Cannot render "${field}" in field "ack" for alias. ${messageOf(thrown)}`;
    }
  };
  return {
    execution,
    actionalias: alias,
    ...(typeof format === "string" && { message: attempt("format", () => renderText(format, context)) }),
    ...(extra !== undefined && {
      extra: attempt("extra", () => renderEach(extra, (text) => renderText(text, context))),
    }),
  };
}

function resultBy(alias: Alias, execution: JsonObject): AliasResult {
  const { enabled, format, extra } = alias.result ?? {};
  if (enabled === false) return { enabled: false };
  const context = { alias, execution };
  return {
    enabled: true,
    ...(typeof format === "string" && { message: renderForgiving(format, context) }),
    ...(extra !== undefined && { extra: renderEach(extra, (text) => renderText(text, context)) }),
  };
}

function renderEach(value: unknown, render: (text: string) => string): unknown {
  if (typeof value === "string") return render(value);
  if (Array.isArray(value)) return value.map((one) => renderEach(one, render));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, renderEach(one, render)]));
}
