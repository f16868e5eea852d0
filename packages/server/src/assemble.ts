import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Bus } from "@squall/bus";
import { createEngine, createVault, type Engine, type EngineParts, type Registration } from "@squall/engine";
import { createIds, DEFAULT_PROJECT, microsNow } from "@squall/model";
import { createInstallation, createPackIndex } from "@squall/packs";
import { removeVirtualenv } from "@squall/processes";
import { openPostgresStore, openSqliteStore, type Store } from "@squall/store";
import { ownPacks, registerChangedPacks } from "./bundled-packs.ts";
import { openPackLedger } from "./pack-standing.ts";
import { type Context, DEFAULT_SETTINGS, type HttpSettings } from "./context.ts";
import { createListener } from "./http/app.ts";
import { createFront, type Front } from "./http/front.ts";
import { serve } from "./http/serve.ts";
import { createLog, type Log, type LogFile } from "./log.ts";
import { type ServerOptions, ROOT } from "./options.ts";
import { ROUTES } from "./routes/table.ts";
import { announce } from "./starting/address-file.ts";
import { openBus } from "./starting/bus.ts";
import { comeUp } from "./starting/coming-up.ts";
import { type Condition, createCondition, troubleWords } from "./starting/condition.ts";
import { limitsOf, runnersOf, sensorsOf } from "./starting/engine-parts.ts";
import { installationOf } from "./starting/installation.ts";
import { localApiTrouble } from "./starting/local-api.ts";
import { createStreamHub, type StreamHub } from "./stream/hub.ts";
import { vaultKey } from "./vault-key.ts";

/** A server that answers. */
export interface RunningServer extends AsyncDisposable {
  /** Where it listens; of a process that listens nowhere, where the API is. */
  readonly url: string;
  readonly engine: Engine;
  readonly store: Store;
  /** The administrator made at this start, or whose password was reset; the password is nowhere else. */
  readonly firstLogin: { readonly user: string; readonly password: string } | undefined;
  /** What was registered at this start; undefined when nothing had changed. */
  readonly registration: Registration | undefined;
  /** Takes nothing new, lets what runs finish, at most `drainMs`, and closes everything. */
  stop(drainMs: number): Promise<void>;
  /** Writes down why the process is about to end, at once. */
  lastWords(error: unknown): void;
}

/** Requests under way get this long to be answered at a stop; they take milliseconds. */
const REQUESTS_MS = 5_000;
const DEFAULT_URL = "http://127.0.0.1:9101";

/** What stands from the first moment to the last. */
interface Ground {
  readonly options: ServerOptions;
  readonly key: Buffer;
  readonly log: Log & LogFile;
  readonly condition: Condition;
  readonly settings: HttpSettings;
  readonly front: Front;
  /** Where the API is for actions and people, as far as this process knows by itself. */
  readonly url: string | undefined;
  say(line: string): void;
}

/** What works on a store that is there; built anew when that goes away during the start. */
interface Works extends AsyncDisposable {
  readonly store: Store;
  readonly bus: Bus;
  readonly engine: Engine;
  readonly streams: StreamHub;
  readonly firstLogin: RunningServer["firstLogin"];
  readonly registration: Registration | undefined;
}

/**
 * Builds a whole server from its parts and starts it. It listens first, and says how far it is. A store that cannot be had now
 * is waited for, until `signal` is aborted; where waiting does not help, what was opened is closed, and what is thrown says
 * what to do.
 */
export async function startServer(
  options: ServerOptions,
  say: (line: string) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<RunningServer> {
  await using stack = new AsyncDisposableStack();
  const key = vaultKey({ ...options, shared: options.bus !== undefined });
  const log = createLog(options.logFile, options.logLevel);
  stack.defer(() => log.close());
  const condition = createCondition();
  const settings: HttpSettings = {
    ...DEFAULT_SETTINGS,
    bodyLimitBytes: options.bodyLimitBytes,
    corsOrigins: options.corsOrigins,
    trustProxy: options.trustProxy,
    packRoots: [...options.packRoots, ownPacks(options.dataDirectory, join(ROOT, "packs"))],
  };
  const hasApi = options.roles.includes("api");
  const front = createFront({ condition, log, settings }, { hasApi });
  const listening = options.port === "none" ? undefined : await serve(front.listener, options.host, options.port);
  stack.defer(() => listening?.close(0));
  if (!listening) stack.use(stayingAlive());
  const url = options.url ?? (hasApi ? listening?.url : undefined);

  const said = new Set<string>();
  const where = listening === undefined ? "" : ` (${listening.url}/health says how it is)`;
  const works = stack.use(
    await comeUp(() => open({ options, key, log, condition, settings, front, url, say }), {
      signal,
      onTrouble(trouble) {
        condition.starts(`waits for the store, which ${troubleWords(trouble.code)}`);
        log.warn({ code: trouble.code, reason: trouble.message }, "waiting for the store");
        if (!said.has(trouble.code)) say(`waiting for the store: ${trouble.message}${where}`);
        said.add(trouble.code);
      },
    }),
  );
  if (listening && hasApi) stack.use(announce(options.dataDirectory, listening.url));
  condition.isReady();
  log.info({ url: listening?.url, data: options.dataDirectory, roles: options.roles }, "started");
  if (options.bus !== undefined) {
    const warn = async (): Promise<void> => {
      const { members, member } = await works.engine.cluster();
      const trouble = localApiTrouble(members, member);
      if (trouble !== undefined) log.warn({}, trouble);
    };
    // Beside the start: a database that is away for a moment does not undo it.
    warn().catch((error: unknown) => log.warn({ err: error }, "the members of the cluster could not be looked at"));
  }

  const parts = stack.move();
  let stopping: Promise<void> | undefined;
  const stop = (drainMs: number): Promise<void> => {
    stopping ??= (async () => {
      condition.stops();
      log.info({}, "stopping");
      works.streams.close();
      await works.engine.sensors.close();
      await front.shut(REQUESTS_MS);
      await works.engine.drain(drainMs);
      log.info({}, "stopped");
      await parts.disposeAsync();
    })();
    return stopping;
  };
  const lastWords = (error: unknown) => {
    log.fatal({ err: error }, "stopped by an error that nobody expected");
    log.close();
  };
  const { engine, store, firstLogin, registration } = works;
  const running = {
    url: listening?.url ?? url ?? DEFAULT_URL,
    engine,
    store,
    firstLogin,
    registration,
    stop,
    lastWords,
  };
  return { ...running, [Symbol.asyncDispose]: () => stop(0) };
}

/** A process without a port has nothing else that keeps it while there is no work. */
function stayingAlive(): Disposable {
  const timer = setInterval(() => undefined, 2 ** 31 - 1);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** One attempt: from the store to an engine that works. What it opened is closed when a step fails. */
async function open(ground: Ground): Promise<Works> {
  const { options, condition, log, front } = ground;
  await using stack = new AsyncDisposableStack();
  condition.starts("opens the store");
  const store = stack.use(await openStore(options));
  log.setAside();
  const newId = createIds();
  const vault = createVault(ground.key);
  const installation = await installationOf(store, vault, newId);
  if (options.bus) log.info({ cluster: installation }, "a member of this cluster");
  const bus = stack.use(await openBus(options, installation, log));
  condition.starts("reads the content");
  const engine = stack.use(await openEngine(ground, { store, bus, vault, newId }, stack));
  condition.hasEngine(engine);
  stack.defer(() => condition.hasEngine(undefined));
  const streams = createStreamHub(bus, engine, log);
  let registration: Registration | undefined;
  if (options.roles.includes("api")) {
    const own = ownPacks(options.dataDirectory, join(ROOT, "packs"));
    const installation = createInstallation(own);
    await installation.recover();
    condition.starts("registers packs");
    const ledger = engine.content.sharesCode
      ? openPackLedger(join(options.dataDirectory, "registered-packs.json"))
      : undefined;
    const { packRoots } = ground.settings;
    registration = await registerChangedPacks(engine, packRoots, ground.say, ledger && { ledger, own });
    const packs = { installation, ...(ledger && { ledger }) };
    front.open(createListener(contextOf(ground, { engine, bus, streams, packs }), ROUTES));
    stack.defer(() => front.shut(0));
  }
  condition.starts("takes up its work");
  // The API answers by now: an execution that waited in the store may call it at once.
  await engine.start();
  // Last, so that a start that fails makes no password that nobody ever sees.
  const firstLogin = await loginOf(engine, options);
  const parts = stack.move();
  return { store, bus, engine, streams, firstLogin, registration, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

function openStore(options: ServerOptions): Promise<Store> {
  if (options.store === undefined) return openSqliteStore({ directory: options.dataDirectory });
  return openPostgresStore({ url: options.store, exclusive: options.bus === undefined });
}

async function openEngine(
  { options, log, url }: Ground,
  parts: Pick<EngineParts, "store" | "bus" | "vault" | "newId">,
  stack: AsyncDisposableStack,
): Promise<Engine> {
  const runners = runnersOf(options, log, (pack) => engine.content.codeOf(DEFAULT_PROJECT, pack));
  stack.defer(async () => {
    for (const runner of runners) await runner[Symbol.asyncDispose]?.();
  });
  const isShared = options.shareCode ?? !parts.store.exclusive;
  const apiUrl = (): string => url ?? engine.apiUrl() ?? DEFAULT_URL;
  const engine: Engine = await createEngine({
    ...parts,
    runners,
    sensors: sensorsOf(options),
    now: microsNow,
    worker: `${hostname()}.${process.pid}-${randomBytes(4).toString("hex")}`,
    roles: new Set(options.roles),
    labels: options.labels,
    host: hostname(),
    version: DEFAULT_SETTINGS.version,
    ownUrl: () => url,
    limits: limitsOf(options),
    ...(options.keepDays > 0 && { keepDays: options.keepDays }),
    apiUrl: () => `${apiUrl()}/v1`,
    webUrl: apiUrl,
    timezone: options.timezone,
    ...(isShared && { code: { folder: join(options.dataDirectory, "code"), near: parts.bus.artifacts } }),
    log,
  });
  return engine;
}

function contextOf(
  { options, log, condition, settings }: Ground,
  {
    engine,
    bus,
    streams,
    packs,
  }: Pick<Context, "engine" | "bus" | "streams"> & {
    readonly packs: Pick<Context["packs"], "installation" | "ledger">;
  },
): Context {
  const virtualenvs = join(options.dataDirectory, "virtualenvs");
  return {
    engine,
    bus,
    log,
    streams,
    condition,
    settings,
    packs: {
      ...packs,
      index: createPackIndex({ urls: options.packIndexes, cache: join(options.dataDirectory, "pack-index") }),
      earlierRoots: options.packRoots,
      removeVirtualenv: (ref) => removeVirtualenv({ virtualenvs }, ref),
    },
  };
}

/** The first administrator, where the API is; and for who is locked out: whoever may start the server may do anything. */
async function loginOf(engine: Engine, options: ServerOptions): Promise<RunningServer["firstLogin"]> {
  const first = options.roles.includes("api") ? await engine.accounts.bootstrap() : undefined;
  if (first || options.resetPassword === undefined) return first;
  const password = randomBytes(15).toString("base64url");
  await engine.accounts.setPassword(DEFAULT_PROJECT, options.resetPassword, password);
  return { user: options.resetPassword, password };
}
