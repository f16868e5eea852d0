import { randomBytes } from "node:crypto";
import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLocalBus } from "@squall/bus";
import { createEngine, createVault, type Engine, type Limits, type Registration } from "@squall/engine";
import { createIds, DEFAULT_PROJECT, microsNow } from "@squall/model";
import { createInstallation, createPackIndex } from "@squall/packs";
import { baseEnvironment, removeVirtualenv } from "@squall/processes";
import { createRunners } from "@squall/runners";
import { openPostgresStore, openSqliteStore, type Store } from "@squall/store";
import { ownPacks, registerChangedPacks } from "./bundled-packs.ts";
import { openPackLedger } from "./pack-standing.ts";
import { type Context, DEFAULT_SETTINGS } from "./context.ts";
import { createListener } from "./http/app.ts";
import { serve } from "./http/serve.ts";
import { createLog } from "./log.ts";
import { type ServerOptions, ROOT } from "./options.ts";
import { ROUTES } from "./routes/table.ts";
import { createStreamHub } from "./stream/hub.ts";
import { vaultKey } from "./vault-key.ts";

/** A server that answers. */
export interface RunningServer extends AsyncDisposable {
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
/** A log larger than this is set aside at the next start; one old one is kept. */
const LOG_BYTES = 16 * 1024 * 1024;

function limitsOf(options: ServerOptions): Limits {
  return {
    processSlots: options.processSlots,
    // Inline actions hold no processor while they wait (http-request), so many go on at once.
    inlineSlots: 256,
    // Enough for a long log; what is larger belongs in a file.
    outputBytes: 10 * 1024 * 1024,
    // StackStorm's practical bound: the size of a document in its database.
    resultBytes: 14 * 1024 * 1024,
    // A hundred thousand waiting are a hundred MB on disk and a day of one-second actions on one worker.
    waiting: 100_000,
    // Ten times the largest list that anybody has run a task over.
    ...(options.actionMemoryBytes !== undefined && { memoryBytes: options.actionMemoryBytes }),
    workflowExecutions: 100_000,
    // People nest three or four; a workflow that runs itself by mistake is found out soon.
    workflowDepth: 20,
  };
}

/**
 * Builds a whole server from its parts and starts it. When a step fails, what the steps before it opened is closed, and
 * what is thrown says what to do.
 */
export async function startServer(options: ServerOptions, say: (line: string) => void): Promise<RunningServer> {
  await using stack = new AsyncDisposableStack();
  const key = vaultKey(options.dataDirectory);
  const store = stack.use(
    options.store === undefined
      ? await openSqliteStore({ directory: options.dataDirectory })
      : await openPostgresStore({ url: options.store }),
  );
  setAside(options.logFile);
  const log = createLog(options.logFile, options.logLevel);
  stack.defer(() => log.close());
  const bus = stack.use(
    createLocalBus({
      onError: (error, message) => log.error({ err: error, topic: message.topic }, "a listener of the bus failed"),
    }),
  );
  let url = "";
  const isShared = options.shareCode ?? !store.exclusive;
  let packFolder = (_pack: string): Promise<string | undefined> => Promise.resolve(undefined);
  const runners = createRunners({
    version: DEFAULT_SETTINGS.version,
    pythonPath: join(ROOT, "python"),
    virtualenvs: join(options.dataDirectory, "virtualenvs"),
    packFolder: (pack) => packFolder(pack),
    packRoots: [...options.packRoots, join(options.dataDirectory, "packs")],
    packages: options.packages,
    ssh: options.ssh,
    nodeModules: join(options.dataDirectory, "node_modules-of"),
    pythonForks: {
      onUnfit: (file, why) => log.info({ file, why }, "a Python action runs in fresh interpreters, which is slower"),
    },
  });
  stack.defer(async () => {
    for (const runner of runners) await runner[Symbol.asyncDispose]?.();
  });
  const engine = stack.use(
    await createEngine({
      store,
      bus,
      runners,
      sensors: {
        python: {
          pythonPath: join(ROOT, "python"),
          python: "python3",
          virtualenvs: join(options.dataDirectory, "virtualenvs"),
          packLibraries: false,
          packages: options.packages,
        },
        environment: baseEnvironment(process.env),
        logs: join(options.dataDirectory, "logs", "sensors"),
        configs: join(options.dataDirectory, "configs"),
        limits: options.sensorLimits ?? {},
      },
      vault: createVault(key),
      now: microsNow,
      newId: createIds(),
      worker: `${process.pid}-${randomBytes(4).toString("hex")}`,
      limits: limitsOf(options),
      ...(isShared && { code: { folder: join(options.dataDirectory, "code") } }),
      apiUrl: () => `${url}/v1`,
      webUrl: () => url,
      timezone: options.timezone,
      log,
    }),
  );
  packFolder = (pack) => engine.content.codeOf(DEFAULT_PROJECT, pack);
  const own = ownPacks(options.dataDirectory, join(ROOT, "packs"));
  const installation = createInstallation(own);
  await installation.recover();
  const packRoots = [...options.packRoots, own];
  const ledger = isShared ? openPackLedger(join(options.dataDirectory, "registered-packs.json")) : undefined;
  const registration = await registerChangedPacks(engine, packRoots, say, ledger && { ledger, own });

  const streams = createStreamHub(bus, engine, log);
  const context: Context = {
    engine,
    bus,
    log,
    streams,
    packs: {
      installation,
      index: createPackIndex({ urls: options.packIndexes, cache: join(options.dataDirectory, "pack-index") }),
      earlierRoots: options.packRoots,
      ...(ledger && { ledger }),
      removeVirtualenv: (ref) => removeVirtualenv({ virtualenvs: join(options.dataDirectory, "virtualenvs") }, ref),
    },
    settings: {
      ...DEFAULT_SETTINGS,
      bodyLimitBytes: options.bodyLimitBytes,
      corsOrigins: options.corsOrigins,
      trustProxy: options.trustProxy,
      packRoots,
    },
  };
  // It listens before it works: an execution that waited in the store may call the API at once.
  const listening = await serve(createListener(context, ROUTES), options.host, options.port);
  url = listening.url;
  stack.defer(() => listening.close(0));
  await engine.start();
  // Last, so that a start that fails (the port is in use) makes no password that nobody ever sees.
  const firstLogin =
    (await engine.accounts.bootstrap()) ??
    (options.resetPassword === undefined ? undefined : await resetPassword(engine, options.resetPassword));
  announce(options.dataDirectory, listening.url);
  log.info({ url: listening.url, data: options.dataDirectory }, "started");

  const parts = stack.move();
  let stopping: Promise<void> | undefined;
  const stop = (drainMs: number): Promise<void> => {
    stopping ??= (async () => {
      log.info({}, "stopping");
      streams.close();
      await engine.sensors.close();
      await listening.close(REQUESTS_MS);
      await engine.drain(drainMs);
      rmSync(addressFile(options.dataDirectory), { force: true });
      log.info({}, "stopped");
      await parts.disposeAsync();
    })();
    return stopping;
  };
  const lastWords = (error: unknown) => {
    log.fatal({ err: error }, "stopped by an error that nobody expected");
    log.close();
  };
  const running = { url: listening.url, engine, store, firstLogin, registration, stop, lastWords };
  return { ...running, [Symbol.asyncDispose]: () => stop(0) };
}

/** For who is locked out: whoever may start the server on its data may do anything with them. */
async function resetPassword(engine: Engine, user: string): Promise<{ user: string; password: string }> {
  const password = randomBytes(15).toString("base64url");
  await engine.accounts.setPassword(DEFAULT_PROJECT, user, password);
  return { user, password };
}

function addressFile(directory: string): string {
  return join(directory, "server.json");
}

/** Lets programs on this machine find the server, whatever its port. */
function announce(directory: string, url: string): void {
  const path = addressFile(directory);
  writeFileSync(`${path}.new`, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function setAside(logFile: string): void {
  const bytes = logFile === "-" ? 0 : (statSync(logFile, { throwIfNoEntry: false })?.size ?? 0);
  if (bytes > LOG_BYTES) renameSync(logFile, `${logFile}.1`);
}
