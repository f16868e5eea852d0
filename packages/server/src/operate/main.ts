#!/usr/bin/env node
// `squall backup`, `squall restore` and `squall migrate-store`: what is done to an installation itself, on its machine.
import { constants } from "node:os";
import { relative } from "node:path";
import { messageOf, SquallError } from "@squall/model";
import { helpOf, type OperateOptions, PROGRAMS, type ProgramName, readOperateOptions } from "./options.ts";
import { count, type Progress, startProgress } from "./progress.ts";

const out = (line: string) => process.stdout.write(`${line}\n`);

/** Each says what it did. Code is loaded for the one that was asked for. */
const RUN: Readonly<
  Record<ProgramName, (options: OperateOptions, progress: Progress, signal: AbortSignal) => Promise<void>>
> = {
  async backup({ file = "", store, dataDirectory, keyFile }, progress, signal) {
    const { backUp } = await import("./backup.ts");
    const { rows, files, bytes } = await backUp({ file, store, dataDirectory, keyFile }, progress, signal);
    out(`${file}: ${count(rows)} rows and ${count(files)} files in ${count(bytes)} bytes, ${took(progress)}`);
    if (keyFile === undefined) out("The encryption key is not in it: without the key its secrets cannot be read.");
  },
  async restore({ file = "", dataDirectory, storeUrl, force, check }, progress, signal) {
    const { checkBackup, restore } = await import("./restore.ts");
    const done = check
      ? await checkBackup(file, progress)
      : await restore({ file, dataDirectory, storeUrl, force }, progress, signal);
    const what = `${count(done.rows)} rows and ${count(done.files)} files of ${done.created}`;
    if (check) out(`${file} is whole: ${what}, ${took(progress)}`);
    else out(`${dataDirectory}: ${what}, ${took(progress)}`);
    if (done.wasThere) out("The database held these rows already; nothing was written to it.");
    if (done.aside !== undefined) out(`What was there before is in ${done.aside}.`);
    if (!done.hasKey) out("The encryption key is not in the backup: put it into the data directory as encryption.key.");
  },
  async "migrate-store"({ store, to, dataDirectory }, progress, signal) {
    if (to === undefined) throw new Error("--to is missing"); // the options were looked at
    const { migrateStore } = await import("./migrate-store.ts");
    const { from, to: arrived, sums, wasThere } = await migrateStore(store, to, progress, signal);
    const rows = Object.values(sums).reduce((all, one) => all + one.rows, 0);
    for (const [table, sum] of Object.entries(sums))
      out(`  ${table.padEnd(20)}${count(sum.rows).padStart(14)}  ${sum.sum}`);
    const tables = `${count(rows)} rows of ${Object.keys(sums).length} tables`;
    if (wasThere) out(`${arrived} holds these ${tables} already; nothing was written.`);
    else out(`${tables} moved from ${from} to ${arrived} and read back there: the same. ${took(progress, rows)}`);
    out(
      "url" in to
        ? `Key and packs stay in the data directory. Start the server on both: squall server --data ${shown(dataDirectory)}, with the address in SQUALL_STORE`
        : `The server finds the file by itself: squall server --data ${shown(to.directory)}. It needs encryption.key and packs of the old data directory there, too.`,
    );
  },
};

/** A folder as a person here would write it. */
function shown(folder: string): string {
  const path = relative(process.cwd(), folder);
  return path === "" || path.startsWith("..") ? folder : path;
}

function took(progress: Progress, rows?: number): string {
  const seconds = progress.seconds();
  const rate = rows === undefined ? "" : ` (${count(Math.round(rows / Math.max(seconds, 0.001)))} rows a second)`;
  return `${seconds.toFixed(1)} s${rate}`;
}

function complain(name: string, error: unknown): void {
  const text =
    error instanceof SquallError ? error.message : `${messageOf(error)}\n${error instanceof Error ? error.stack : ""}`;
  process.stderr.write(`squall ${name}: ${text}\n`);
}

async function main(): Promise<void> {
  const [given = "", ...argv] = process.argv.slice(2);
  if (!Object.hasOwn(PROGRAMS, given)) {
    process.stderr.write(`squall: "${given}" is none of ${Object.keys(PROGRAMS).join(", ")}\n`);
    process.exitCode = 2;
    return;
  }
  const name = given as ProgramName; // looked up just now
  let options: OperateOptions;
  try {
    const read = readOperateOptions(name, argv, process.env);
    if (read.help) {
      process.stdout.write(helpOf(name));
      return;
    }
    options = read;
  } catch (error) {
    complain(name, error);
    process.exitCode = 2;
    return;
  }
  // What is half done is taken back before the process ends.
  const stopped = new AbortController();
  let signalStatus = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    signalStatus = 128 + constants.signals[signal];
    stopped.abort(new Error(`stopped by ${signal}`));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  const progress = startProgress((line) => process.stderr.write(`${line}\n`));
  try {
    await RUN[name](options, progress, stopped.signal);
  } catch (error) {
    if (signalStatus > 0) process.stderr.write(`squall ${name}: stopped; nothing was changed\n`);
    else complain(name, error);
    process.exitCode = signalStatus || 1;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, onSignal);
  }
}

await main();
