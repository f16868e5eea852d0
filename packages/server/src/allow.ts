import type { Principal, ResourceKind } from "@squall/model";

/** What can be done to a thing. Routes declare one; handlers ask again with the thing itself where owners matter. */
export type Verb =
  | "list"
  | "view"
  | "create"
  | "modify"
  | "delete"
  /** Ask for an execution of an action. */
  | "run"
  | "cancel"
  /** Say that something happened. */
  | "send"
  /** See a secret of the datastore in clear. */
  | "decrypt"
  /** See what is masked otherwise. */
  | "show_secrets"
  /** Read pack folders that were registered before. */
  | "register"
  /** Read any folder of the server's disk as a pack. */
  | "register_path"
  /** Act in another user's name. */
  | "impersonate"
  /** Ask for lists longer than the page limit. */
  | "list_all";

export type ResourceType =
  | ResourceKind
  | "api_key"
  | "document"
  | "event"
  | "enforcement"
  | "execution"
  | "health"
  | "key"
  | "policy_type"
  | "rule_type"
  | "stream"
  | "timer"
  | "token"
  | "user"
  | "webhook";

/** The thing asked about, as far as it is known when the question is asked. */
export interface Subject {
  readonly type: ResourceType;
  /** The user it belongs to; "" for what belongs to the system. Absent: not decided on at this point. */
  readonly owner?: string;
  readonly id?: string;
  /** Of an execution: those it descends from, and whose token created it. */
  readonly ancestors?: readonly string[];
  /** Of an execution: whether the event that made the asking execution is about it, or both came of one command in a chat. */
  readonly told?: boolean;
}

/**
 * The one place that says who may do what. Deny is the default: what no line below lets through is refused.
 * Everything is asked inside the principal's own project; other projects are not reachable from any handler.
 */
export function allow(principal: Principal, verb: Verb, subject: Subject): boolean {
  switch (principal.method) {
    case "anonymous":
      return allowAnonymous(verb, subject);
    case "execution":
      return allowUser(principal, verb, subject) && allowExecution(principal, verb, subject);
    case "token":
    case "api-key":
    case "internal":
      return allowUser(principal, verb, subject);
    default:
      return principal.method satisfies never;
  }
}

export function isAdmin(principal: Principal): boolean {
  return principal.roles.includes("admin") || principal.roles.includes("system_admin");
}

/** Health, login, and webhooks; a webhook that wants credentials says so itself (see webhooks/receive.ts). */
function allowAnonymous(verb: Verb, { type }: Subject): boolean {
  return (
    (type === "health" && verb === "view") ||
    (type === "token" && (verb === "create" || verb === "view")) ||
    (type === "webhook" && verb === "send")
  );
}

const ADMIN_VERBS: ReadonlySet<Verb> = new Set(["show_secrets", "impersonate", "register_path", "list_all"]);

function allowUser(principal: Principal, verb: Verb, subject: Subject): boolean {
  if (isAdmin(principal)) return true;
  if (ADMIN_VERBS.has(verb)) return false;
  const own = subject.owner === undefined || subject.owner === principal.user;
  // An observer looks and changes nothing, and secrets are not for looking at.
  if (principal.roles.includes("observer") && verb !== "list" && verb !== "view") return false;
  switch (subject.type) {
    case "user":
      return verb === "view" && own;
    case "api_key":
      return own;
    case "key":
      // System keys are for everybody, but only an admin sees a secret one in clear; a user's keys are the user's.
      return own || (subject.owner === "" && verb !== "decrypt");
    default:
      return true;
  }
}

/**
 * What the token of a running execution opens beside that: the datastore, its own execution, those it made and the one
 * whose end it was made for, saying that something happened (`core.inject_trigger`), and who it is.
 */
function allowExecution(principal: Principal, verb: Verb, subject: Subject): boolean {
  switch (subject.type) {
    case "key":
      return true;
    case "webhook":
      return verb === "send";
    // `packs.setup_virtualenv` asks where a pack lies, `chatops.match` which alias a command is for.
    case "pack":
    case "action_alias":
    case "user":
    case "document":
    case "health":
      return verb === "view";
    case "execution": {
      if (verb === "run" || principal.execution === undefined) return verb === "run";
      if (subject.id === undefined && subject.ancestors === undefined) return true; // asked again with the execution
      if (verb === "view" && subject.told === true) return true;
      return subject.id === principal.execution || (subject.ancestors ?? []).includes(principal.execution);
    }
    default:
      return false;
  }
}
