#!/usr/bin/env node
// `squall server`: starts a server, says where it is, and stops it when it is told to.
import { constants } from "node:os";
import { relative } from "node:path";
import { formatPosition, messageOf, SquallError } from "@squall/model";
import type { RunningServer } from "./assemble.ts";
import { readOptions, ROOT, type ServerOptions } from "./options.ts";

const out = (line = "") => process.stdout.write(`${line}\n`);

/** What to say to whoever started it: one line for what we foresaw, the stack as well for what we did not. */
function complain(error: unknown): void {
  const text =
    error instanceof SquallError ? error.message : `${messageOf(error)}\n${error instanceof Error ? error.stack : ""}`;
  process.stderr.write(`squall server: ${text}\n`);
}

async function main(): Promise<void> {
  let options: ServerOptions;
  try {
    const read = readOptions(process.argv.slice(2), process.env);
    if (read.help) {
      process.stdout.write(read.says);
      return;
    }
    options = read;
  } catch (error) {
    complain(error);
    process.exitCode = 2;
    return;
  }
  const began = performance.now();
  out("Squall is starting ...");
  let server: RunningServer | undefined;
  let signals = 0;
  const starting = new AbortController();
  const stop = (running: RunningServer) => {
    out("Stopping: waiting for what runs (once more to stop at once) ...");
    running.stop(options.drainMs).then(
      () => process.exit(0),
      (error: unknown) => {
        complain(error);
        process.exit(1);
      },
    );
  };
  const onSignal = (signal: NodeJS.Signals) => {
    const status = 128 + constants.signals[signal];
    // The second one means now.
    if (++signals > 1) process.exit(status);
    process.exitCode = status;
    starting.abort();
    if (server) stop(server);
  };
  // A terminal that is closed says SIGHUP: what runs in it is stopped in order, too.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  survive(() => server);
  try {
    // Loaded only now, so that help and a wrong option are answered at once.
    const { startServer } = await import("./assemble.ts");
    server = await startServer(options, (line) => out(`  ${line}`), starting.signal);
  } catch (error) {
    if (starting.signal.aborted) process.exit();
    complain(error);
    process.exit(1);
  }
  if (starting.signal.aborted) stop(server);
  else greet(server, options, Math.round(performance.now() - began));
}

/**
 * M1  A reader of our output that goes away (`squall server | head`) is no reason to end.
 * M2  After an error that nobody expected nothing in memory can be trusted, while all that was acknowledged is in the
 *     store: it is written down, and the process ends with 1 for its supervisor to start it again.
 */
function survive(server: () => RunningServer | undefined): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined); // M1
  // Rejections that nobody handles come here as well.
  process.on("uncaughtException", (error) => {
    try {
      server()?.lastWords(error);
    } finally {
      process.stderr.write(
        `squall server: stopped by an error that nobody expected: ${messageOf(error).split("\n", 1)[0]}` +
          `${server() === undefined ? `\n${error.stack}` : "; the log has its stack. All that was acknowledged is stored: start it again"}\n`,
      );
      process.exit(1); // M2
    }
  });
}

function greet(server: RunningServer, options: ServerOptions, ms: number): void {
  for (const { at, message, severity } of server.registration?.problems ?? []) {
    const place = formatPosition(at.file === undefined ? at : { ...at, file: relative(process.cwd(), at.file) });
    out(`  ${severity}: ${place === "" ? "" : `${place}: `}${message}`);
  }
  const { firstLogin, url } = server;
  // Nothing but a space after the address: programs read it.
  const does = options.bus === undefined ? "" : `${options.port === "none" ? "," : ""} as ${tasks(options)}`;
  const place = options.port === "none" ? "Squall works" : `Squall answers at ${url}`;
  out(`${place}${does} (started in ${ms} ms).`);
  if (firstLogin) {
    out();
    out(`  user      ${firstLogin.user}`);
    out(`  password  ${firstLogin.password}    shown this once: keep it`);
  }
  if (!options.roles.includes("api")) return;
  out();
  out("Make something happen: paste these into another terminal.");
  out();
  for (const line of firstSteps(url, firstLogin?.password)) out(`  ${line}`);
  out();
}

/** `api, worker (site=edge)` */
function tasks({ roles, labels }: ServerOptions): string {
  const told = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return roles.join(", ") + (told.length === 0 ? "" : ` (${told.join(", ")})`);
}

/** Sign in, let Alertmanager's example happen, look at what ran. The password is not on a command line others can see. */
function firstSteps(url: string, password: string | undefined): string[] {
  const here = relative(process.cwd(), ROOT);
  const below = (path: string) => (here === "" ? path : `${here}/${path}`);
  const squall = `${url === "http://127.0.0.1:9101" ? "" : `SQUALL_URL=${url} `}${below("bin/squall")}`;
  const login = `${squall} login admin`;
  return [
    password === undefined ? login : `echo '${password}' | ${login} --password-stdin`,
    `curl -sS -o /dev/null -w '%{http_code}\\n' -H "St2-Api-Key: $(${squall} apikey create --only-key)" ` +
      `-H 'Content-Type: application/json' --data-binary @${below("packs/examples/payloads/alertmanager-firing.json")} ` +
      `${url}/v1/webhooks/alertmanager`,
    `${squall} execution list`,
  ];
}

await main();
