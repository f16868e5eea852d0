import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEST_BUS } from "@squall/bus";
import { removeTestStore, testDatabase } from "@squall/store";
import { type RunningServer, startServer } from "./assemble.ts";
import { readOptions, ROOT, type ServerOptions } from "./options.ts";
import { newKey } from "./vault-key.ts";

/** For tests: a whole server on a real store and a real port, and somebody who asks it things. */
export interface TestServer extends AsyncDisposable {
  readonly server: RunningServer;
  readonly url: string;
  readonly directory: string;
  readonly password: string;
  /** The administrator. */
  readonly admin: Caller;
  readonly adminToken: string;
  /** Nobody in particular. */
  readonly anybody: Caller;
  /** Makes a user without a role and signs in. */
  user(name: string, roles?: readonly string[]): Promise<Caller>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // Answers are looked into at many depths; a test that expects another shape fails either way.
  // oxlint-disable-next-line no-explicit-any -- see above
  readonly json: any;
}

export interface Caller {
  readonly headers: Readonly<Record<string, string>>;
  (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export async function aServer(change: Partial<ServerOptions> = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), "squall-server-"));
  const read = readOptions(["--port", "0", "--data", directory], {});
  if (read.help) throw new Error("these options ask for no help");
  // Without indexes of packs: tests ask nothing of the network.
  const server = await startServer(
    { ...read, packRoots: [join(ROOT, "packs")], packIndexes: [], ...(await asMember(directory)), ...change },
    () => undefined,
  );
  const { url } = server;
  const password = server.firstLogin?.password ?? "";
  const anybody = callerOf(url, {});
  const adminToken = await signIn(anybody, "admin", password);
  const admin = callerOf(url, { "X-Auth-Token": adminToken });
  return {
    server,
    url,
    directory,
    password,
    admin,
    adminToken,
    anybody,
    async user(name, roles = []) {
      await admin("POST", "/v1/users", { name, password: `password of ${name}`, roles });
      return callerOf(url, { "X-Auth-Token": await signIn(anybody, name, `password of ${name}`) });
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await removeTestStore(directory);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What makes a server the member of a cluster that its tests run on; nothing where they run on SQLite. */
async function asMember(directory: string): Promise<Partial<ServerOptions>> {
  const store = await testDatabase(directory);
  if (store === undefined || TEST_BUS === undefined) return {};
  const keyFile = join(directory, "cluster.key");
  await writeFile(keyFile, newKey());
  return { store, bus: { urls: [TEST_BUS] }, keyFile };
}

export function basic(user: string, password: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

async function signIn(ask: Caller, user: string, password: string): Promise<string> {
  const { json } = await ask("POST", "/v1/tokens", undefined, basic(user, password));
  return json.token;
}

/** Asks with these headers; objects are sent as JSON, text and bytes as they are. */
export function callerOf(url: string, headers: Readonly<Record<string, string>>): Caller {
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => {
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(url + path, {
      method,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers, ...more },
      redirect: "manual",
      ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, headers: response.headers, text, json };
  };
  return Object.assign(ask, { headers });
}

/** Asks for an execution until it is completed. */
export async function completed(ask: Caller, id: string): Promise<Answer["json"]> {
  for (;;) {
    // The stream ends when the execution is completed, so that this waits for what happens, not for a time.
    await ask("GET", `/stream/v1/executions/${id}/output`);
    const { json } = await ask("GET", `/v1/executions/${id}`);
    if (!["requested", "scheduled", "running", "delayed", "canceling"].includes(json.status)) return json;
  }
}
