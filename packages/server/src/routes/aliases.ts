import { ActionAlias } from "@squall/model";
import type { AliasCommand } from "@squall/engine";
import Type from "typebox";
import { type Call, created, ok, route, type Route } from "../http/route.ts";
import { ExecutionView, showSecrets } from "./execution-view.ts";
import { findExecution } from "./find-execution.ts";

/** ChatOps: what people say in a chat, matched with the formats of aliases and run. Aliases themselves: pack-content.ts. */

const Text = Type.String();
const Command = Type.String({ description: "What was said." });
const MaybeText = Type.Optional(Type.Union([Type.String(), Type.Null()]));

/** Where the end of it is announced. */
const NOTIFICATION = { notification_channel: MaybeText, notification_route: MaybeText };
const SHOW_SECRETS = { show_secrets: Type.Optional(Type.Boolean()) };

const Answer = Type.Object({
  execution: ExecutionView,
  actionalias: ActionAlias,
  message: Type.Optional(Type.String({ description: "The alias's `ack.format`, rendered." })),
  extra: Type.Optional(Type.Unknown()),
});

interface Notified {
  readonly notification_channel?: string | null;
  readonly notification_route?: string | null;
}

/** What the engine has to know of who asks. */
function askedBy(
  call: Call,
  user: string | undefined,
  body: Notified,
): Pick<AliasCommand, "user" | "vouched" | "route"> {
  const route = body.notification_route || body.notification_channel;
  return {
    // StackStorm's client sends "" when nobody in particular is meant.
    ...(user && { user }),
    vouched: call.may("impersonate", { type: "execution" }),
    ...(route && { route }),
  };
}

export const ALIAS_ROUTES: readonly Route[] = [
  route({
    method: "POST",
    path: "/actionalias/match",
    summary: "Finds the alias that a command is meant for.",
    verb: "view",
    resource: "action_alias",
    body: Type.Object({ command: Command }, { additionalProperties: false }),
    response: Type.Object({
      actionalias: ActionAlias,
      display: Type.Union([Text, Type.Null()]),
      representation: Text,
    }),
    handler: (call) => {
      const { alias, display, representation } = call.context.engine.aliases.match(call.project, call.body.command);
      return ok({ actionalias: alias, display, representation });
    },
  }),
  route({
    method: "GET",
    path: "/actionalias/help",
    summary: "Lists what can be said to aliases.",
    verb: "list",
    resource: "action_alias",
    query: Type.Object({
      filter: Type.Optional(Type.String({ description: "A regular expression that is looked for in each help text." })),
      pack: Type.Optional(Text),
      limit: Type.Optional(Type.Integer({ minimum: 0, description: "0: all." })),
      offset: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
    response: Type.Object({
      available: Type.Integer(),
      helpstrings: Type.Array(Type.Object({ pack: Text, display: Text, description: Type.Union([Text, Type.Null()]) })),
    }),
    handler: (call) => ok(call.context.engine.aliases.help(call.project, call.query)),
  }),
  route({
    method: "POST",
    path: "/aliasexecution",
    summary: "Runs what a command says by one format of an alias.",
    verb: "run",
    resource: "execution",
    status: 201,
    query: Type.Object(SHOW_SECRETS),
    body: Type.Object(
      {
        name: Type.String({ minLength: 1, description: "Name or ref of the alias." }),
        format: Text,
        command: Command,
        user: Type.Optional(Type.String({ description: "Who said it, as the chat knows them." })),
        source_channel: Text,
        source_context: Type.Optional(Type.Unknown()),
        ...NOTIFICATION,
      },
      { additionalProperties: false },
    ),
    response: Answer,
    handler: async (call) => {
      const { name, format, command, user, source_channel: sourceChannel, source_context: sourceContext } = call.body;
      const [answer] = await call.context.engine.aliases.execute(call.principal, {
        name,
        format,
        command,
        sourceChannel,
        sourceContext,
        ...askedBy(call, user, call.body),
        showSecrets: showSecrets(call),
      });
      return created(answer);
    },
  }),
  route({
    method: "POST",
    path: "/aliasexecution/match_and_execute",
    summary:
      "Finds the alias that a command is meant for and runs it; as often as the command says where the alias allows that.",
    verb: "run",
    resource: "execution",
    status: 201,
    query: Type.Object(SHOW_SECRETS),
    body: Type.Object(
      { command: Command, source_channel: Text, user: Text, ...NOTIFICATION },
      { additionalProperties: false },
    ),
    response: Type.Object({ results: Type.Array(Answer) }),
    handler: async (call) => {
      const { command, user, source_channel: sourceChannel } = call.body;
      const { aliases } = call.context.engine;
      const { alias, representation, multiple } = aliases.match(call.project, command);
      const results = await aliases.execute(call.principal, {
        name: alias.ref,
        format: representation,
        command,
        multiple,
        sourceChannel,
        ...askedBy(call, user, call.body),
        showSecrets: showSecrets(call),
      });
      return created({ results });
    },
  }),
  route({
    method: "GET",
    path: "/aliasexecution/{id}/result",
    summary: "Says what an alias wants said of an execution that it asked for.",
    verb: "view",
    resource: "execution",
    response: Type.Object({
      enabled: Type.Boolean({ description: "False: nothing is to be said." }),
      message: Type.Optional(
        Type.String({ description: "The alias's `result.format`, rendered; absent: it has none." }),
      ),
      extra: Type.Optional(Type.Unknown()),
    }),
    handler: async (call) => ok(await call.context.engine.aliases.resultOf(await findExecution(call))),
  }),
];
