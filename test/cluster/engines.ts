import { createLocalBus, type Bus } from "@squall/bus";
import { createEngine, createVault, type Engine, type EngineParts, type Role, ROLES } from "@squall/engine";
import { createIds, DEFAULT_PROJECT, type Execution, isCompleted, microsNow, type Principal } from "@squall/model";
import { createRunners } from "@squall/runners";
import { openPostgresStore, type Store } from "@squall/store";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

/** Several engines on one database, in this process: each with a store and, unless they share one, a bus of its own. */
export interface Engines extends AsyncDisposable {
  readonly bus: Bus;
  add(options?: AddOptions): Promise<Member>;
  readonly admin: Principal;
}

export interface AddOptions {
  readonly roles?: readonly Role[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Not the one that the others share: what it says nobody hears, as when messages are lost. */
  readonly deaf?: boolean;
  /** Methods that take the place of the store's. */
  readonly around?: (store: Store) => Partial<Store>;
  readonly processSlots?: number;
  /** As on a machine of its own: code of packs is kept for others, and unpacked into this folder. */
  readonly codeFolder?: string;
}

export interface Member {
  readonly engine: Engine;
  readonly store: Store;
  readonly id: string;
  readonly complaints: readonly string[];
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, "../..");

export async function severalEngines(url: string): Promise<Engines> {
  const key = randomBytes(32);
  const bus = createLocalBus({ onError: (error) => console.error(error) });
  const members = new Set<Member>();
  const newId = createIds();
  const add = async (options: AddOptions = {}): Promise<Member> => {
    const complaints: string[] = [];
    const store = await openPostgresStore({ url, exclusive: false });
    const ownBus = options.deaf ? createLocalBus({ onError: (error) => console.error(error) }) : bus;
    const id = `test.${randomBytes(4).toString("hex")}`;
    const parts: EngineParts = {
      store: { ...store, ...options.around?.(store) },
      bus: ownBus,
      runners: createRunners({ pythonPath: join(ROOT, "python") }),
      vault: createVault(key),
      now: microsNow,
      newId,
      worker: id,
      roles: new Set(options.roles ?? ROLES),
      labels: options.labels ?? {},
      host: "test",
      version: "test",
      limits: {
        processSlots: options.processSlots ?? 4,
        inlineSlots: 16,
        outputBytes: 1 << 20,
        resultBytes: 1 << 20,
        waiting: 100_000,
        workflowExecutions: 100_000,
        workflowDepth: 20,
      },
      ...(options.codeFolder !== undefined && { code: { folder: options.codeFolder, near: ownBus.artifacts } }),
      apiUrl: () => "http://127.0.0.1:9/v1",
      webUrl: () => "http://127.0.0.1:9",
      timezone: "UTC",
      log: {
        info: () => undefined,
        warn: (fields, message) => complaints.push(`${message} ${JSON.stringify(fields)}`),
        error: (fields, message) => complaints.push(`${message} ${String(fields.err)}`),
      },
    };
    const engine = await createEngine(parts);
    if (members.size === 0) await engine.content.register(DEFAULT_PROJECT, [join(ROOT, "packs/core")]);
    await engine.start();
    const member: Member = {
      engine,
      store,
      id,
      complaints,
      async stop() {
        if (!members.delete(member)) return;
        await engine[Symbol.asyncDispose]();
        for (const runner of parts.runners) await runner[Symbol.asyncDispose]?.();
        if (options.deaf) await ownBus[Symbol.asyncDispose]();
        await store[Symbol.asyncDispose]();
      },
    };
    members.add(member);
    return member;
  };
  return {
    bus,
    add,
    admin: { user: "admin", project: DEFAULT_PROJECT, roles: ["admin"], method: "internal" },
    async [Symbol.asyncDispose]() {
      await Promise.all([...members].map((one) => one.stop()));
      await bus[Symbol.asyncDispose]();
    },
  };
}

/** The execution once it ended. */
export async function ended({ engine }: Member, id: string): Promise<Execution> {
  const found = await engine.executions.settled(DEFAULT_PROJECT, id, AbortSignal.timeout(60_000));
  if (!isCompleted(found.status)) throw new Error(`execution ${id} is still ${found.status} after a minute`);
  return found;
}
