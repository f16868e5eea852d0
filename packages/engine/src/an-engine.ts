import { aBus } from "@squall/bus";
import { createIds, DEFAULT_PROJECT, type JsonObject, type Labels, microsNow, type Principal } from "@squall/model";
import { createRunners } from "@squall/runners";
import { aStore, removeTestStore, type Store } from "@squall/store";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { CodeSettings } from "./code/code.ts";
import { createEngine } from "./create-engine.ts";
import type { Engine } from "./engine.ts";
import { type EngineParts, type Limits, ROLES } from "./parts.ts";
import { createVault } from "./vault.ts";

/** For tests: a whole engine on a real store, with the core pack, and everything gone afterwards. */
export interface TestEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly store: Store;
  readonly parts: EngineParts;
  readonly admin: Principal;
  /** Closes everything and opens it again on the same data, as after a clean stop, and starts it. Use the returned one from then on. */
  reopen(change?: EngineOptions): Promise<TestEngine>;
  /** Lines that were logged as warnings or errors. */
  readonly complaints: readonly string[];
}

const CORE_PACK = join(import.meta.dirname, "../../../packs/core");
const PYTHON = join(import.meta.dirname, "../../../python");

export interface EngineOptions {
  readonly limits?: Partial<Limits>;
  readonly directory?: string;
  readonly key?: Buffer;
  readonly start?: boolean;
  readonly now?: () => number;
  readonly labels?: Labels;
  readonly code?: CodeSettings;
  /** Puts something in front of the store. */
  readonly around?: (store: Store) => Store;
}

export async function anEngine(options: EngineOptions = {}): Promise<TestEngine> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "squall-engine-")));
  const key = options.key ?? randomBytes(32);
  const complaints: string[] = [];
  const store = await aStore(directory);
  const bus = await aBus(basename(directory), { onError: (error) => complaints.push(String(error)) });
  const parts: EngineParts = {
    store: options.around?.(store) ?? store,
    bus,
    runners: createRunners({ pythonPath: PYTHON }),
    vault: createVault(key),
    now: options.now ?? microsNow,
    newId: createIds(),
    worker: `test.${randomBytes(4).toString("hex")}`,
    roles: new Set(ROLES),
    labels: options.labels ?? {},
    host: "test",
    version: "test",
    limits: {
      processSlots: 4,
      inlineSlots: 100,
      outputBytes: 1 << 20,
      resultBytes: 1 << 20,
      waiting: 100_000,
      workflowExecutions: 100_000,
      workflowDepth: 20,
      ...options.limits,
    },
    ...(options.code && { code: options.code }),
    apiUrl: () => "http://127.0.0.1:9/v1",
    webUrl: () => "http://127.0.0.1:9",
    timezone: "UTC",
    log: {
      info: () => undefined,
      warn: (_fields, message) => complaints.push(message),
      error: (fields, message) => complaints.push(`${message} ${String(fields.err)}`),
    },
  };
  const engine = await createEngine(parts);
  const registration = await engine.content.register(DEFAULT_PROJECT, [CORE_PACK]);
  const errors = registration.problems.filter((one) => one.severity === "error");
  if (errors.length > 0) throw new Error(`the core pack is broken: ${JSON.stringify(errors)}`);
  if (options.start !== false) await engine.start();
  const close = async () => {
    await engine[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  let isClosed = false;
  return {
    engine,
    store,
    parts,
    complaints,
    admin: { user: "admin", project: DEFAULT_PROJECT, roles: ["admin"], method: "internal" },
    async reopen(change = {}) {
      await close();
      isClosed = true;
      return anEngine({ ...options, directory, key, start: true, ...change });
    },
    async [Symbol.asyncDispose]() {
      if (!isClosed) await close();
      if (isClosed) return;
      await removeTestStore(directory);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A rule on a webhook that runs `core.noop`, unless told otherwise. */
export function aRule(change: JsonObject = {}): JsonObject {
  return {
    name: "a_rule",
    pack: "default",
    enabled: true,
    trigger: { type: "core.st2.webhook", parameters: { url: "sample" } },
    criteria: {},
    action: { ref: "core.noop", parameters: {} },
    ...change,
  };
}

/** What a webhook's payload looks like. */
export function aPayload(body: unknown): JsonObject {
  return { headers: {}, headers_lower: {}, body };
}
