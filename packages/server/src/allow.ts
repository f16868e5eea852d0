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
  /** Answer a question; who may answer this one, the question says itself. */
  | "respond"
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
  /** Put a pack from elsewhere among the installed ones, or take one out. */
  | "install"
  /** Act in another user's name. */
  | "impersonate"
  /** Ask for lists longer than the page limit. */
  | "list_all";

export type ResourceType =
  | ResourceKind
  | "api_key"
  | "cluster"
  | "document"
  | "event"
  | "enforcement"
  | "execution"
  | "health"
  | "inquiry"
  | "key"
  | "policy_type"
  | "rule_type"
  | "sensor"
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
    case "sensor":
      return allowSensor(principal, verb, subject);
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

const ADMIN_VERBS: ReadonlySet<Verb> = new Set(["show_secrets", "impersonate", "install", "register_path", "list_all"]);

function allowUser(principal: Principal, verb: Verb, subject: Subject): boolean {
  if (isAdmin(principal)) return true;
  // Bots for chats take all aliases at once, and have no business with an administrator's rights.
  if (verb === "list_all" && subject.type === "action_alias") return true;
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
 * The token of a running execution opens what its user may, since packs' code does whatever a person would do with the API,
 * but for what would outlive the execution or reach beyond it: credentials, other users, secrets in clear, the code of packs.
 */
function allowExecution(principal: Principal, verb: Verb, subject: Subject): boolean {
  return allowCode(verb, subject) || managesPacks(principal, verb, subject.type);
}

/** The same for the token of a running sensor, which also sees system keys in clear: packs keep there what they sign in with. */
function allowSensor(principal: Principal, verb: Verb, subject: Subject): boolean {
  const { type, owner } = subject;
  const isSystemKey = type === "key" && (owner === undefined || owner === "");
  return (isSystemKey && verb === "decrypt") || (allowUser(principal, verb, subject) && allowCode(verb, subject));
}

const BEYOND: ReadonlySet<Verb> = new Set(["show_secrets", "impersonate", "register", "register_path", "install"]);

function allowCode(verb: Verb, { type }: Subject): boolean {
  if (BEYOND.has(verb)) return false;
  switch (type) {
    case "user":
      return verb === "view";
    case "api_key":
    case "token":
      return false;
    case "pack":
    case "config":
      return verb === "list" || verb === "view";
    default:
      return true;
  }
}

const PACK_VERBS: ReadonlySet<Verb> = new Set(["list", "view", "register", "install", "delete"]);

/**
 * The actions of the bundled pack `packs`, which nothing but the program itself can change, manage packs, as far as the user may
 * for whom they run.
 */
function managesPacks(principal: Principal, verb: Verb, type: ResourceType): boolean {
  if (principal.action?.startsWith("packs.") !== true) return false;
  return type === "pack" ? PACK_VERBS.has(verb) : type === "config" && verb === "view";
}
