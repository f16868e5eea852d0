import type { Define } from "./command.ts";

/** One word after `squall`: what help says of it, and where its code is. Code is loaded for the word that was given only. */
export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  readonly load: () => Promise<{ readonly define: Define }>;
}

/** All of them, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: "run", description: "run an action and wait for it", load: () => import("./commands/run.ts") },
  {
    name: "execution",
    description: "runs of actions: what ran, runs and will run",
    load: () => import("./commands/execution.ts"),
  },
  { name: "action", description: "what can be run", load: () => import("./commands/action.ts") },
  {
    name: "action-alias",
    description: "what can be said in a chat, and what it runs",
    load: () => import("./commands/action-alias.ts"),
  },
  { name: "rule", description: "what happens when something happened", load: () => import("./commands/rule.ts") },
  {
    name: "rule-enforcement",
    description: "when rules fired or failed to, and why",
    load: () => import("./commands/rule-enforcement.ts"),
  },
  { name: "trigger", description: "the kinds of things that can happen", load: () => import("./commands/trigger.ts") },
  {
    name: "trigger-instance",
    description: "the events: what has happened",
    load: () => import("./commands/trigger-instance.ts"),
  },
  { name: "webhook", description: "addresses that others post events to", load: () => import("./commands/webhook.ts") },
  {
    name: "workflow",
    description: "definitions of workflows: inspect, rehearse, draw",
    load: () => import("./commands/workflow.ts"),
  },
  {
    name: "inquiry",
    description: "questions that wait for an answer",
    load: () => import("./commands/inquiry.ts"),
  },
  { name: "timer", description: "triggers by the clock", load: () => import("./commands/timer.ts") },
  { name: "pack", description: "folders of actions, rules and sensors", load: () => import("./commands/pack.ts") },
  { name: "key", description: "the datastore", load: () => import("./commands/key.ts") },
  { name: "apikey", description: "keys that programs sign in with", load: () => import("./commands/apikey.ts") },
  { name: "user", description: "who signs in here", load: () => import("./commands/user.ts") },
  { name: "runner", description: "the ways an action can run", load: () => import("./commands/runner.ts") },
  { name: "sensor", description: "processes that report events", load: () => import("./commands/sensor.ts") },
  { name: "cluster", description: "the processes that share the work", load: () => import("./commands/cluster.ts") },
  { name: "policy", description: "limits on actions", load: () => import("./commands/policy.ts") },
  { name: "login", description: "sign in and keep the token", load: () => import("./commands/login.ts") },
  { name: "logout", description: "forget the token", load: () => import("./commands/logout.ts") },
  { name: "whoami", description: "who the server takes you for", load: () => import("./commands/whoami.ts") },
  { name: "auth", description: "get a token and print it", load: () => import("./commands/auth.ts") },
  { name: "completion", description: "completion for bash and zsh", load: () => import("./commands/completion.ts") },
  { name: "server", description: "start a server", load: () => import("./commands/server.ts") },
  {
    name: "backup",
    description: "write a whole installation into one file",
    load: () => import("./commands/backup.ts"),
  },
  {
    name: "restore",
    description: "bring an installation back from a backup",
    load: () => import("./commands/restore.ts"),
  },
  {
    name: "migrate-store",
    description: "move an installation to PostgreSQL, or back",
    load: () => import("./commands/migrate-store.ts"),
  },
];

/** Words of StackStorm's client that mean one of ours. */
export const ALIASES: Readonly<Record<string, string>> = { "trigger-type": "trigger", triggertype: "trigger" };
