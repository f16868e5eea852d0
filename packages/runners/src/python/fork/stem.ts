import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { join } from "node:path";
import { BLANK_MARK, type Environment, MARK } from "@squall/processes";
import { type Door, openDoor } from "./door.ts";
import { readLines, sendLine } from "./lines.ts";

/** An interpreter with the SDK imported, from which a zygote for each action's module is forked. */
export interface Stem {
  readonly door: Door;
  fork(order: ZygoteOrder): ForkedZygote;
  readonly isGone: boolean;
  /** Ends the stem alone; its zygotes go on. */
  retire(): void;
  /** Its process has ended. */
  readonly ended: Promise<void>;
}

export interface ForkedZygote {
  /** Resolves with why when it ended, or when the stem did and cannot tell any more. */
  readonly gone: Promise<string>;
  kill(): void;
  /** To be called when its connection is gone as well: the last one closes the door. */
  release(): void;
}

/** What a zygote is to import, and how it greets. */
export interface ZygoteOrder {
  readonly token: string;
  readonly file: string;
  /** Folders before `sdk` on the interpreter's path. */
  readonly path: readonly string[];
  readonly sdk: string;
  readonly environment: Environment;
  /** Seconds between SIGTERM and SIGKILL for what runs when the server is gone. */
  readonly grace: number;
}

export interface StemSettings {
  readonly interpreter: string;
  readonly pythonPath: string;
  readonly environment: Environment;
  /** How long an interpreter may take to start, in milliseconds. */
  readonly startMs: number;
}

type FromStem =
  | { readonly stem: number }
  | { readonly gone: string; readonly status: number; readonly error?: string | undefined };

/** Starts a stem and waits until it can fork. Rejects with the reason when it cannot: another way has to be found. */
export async function startStem(settings: StemSettings): Promise<Stem> {
  const door = await openDoor();
  const child = spawn(settings.interpreter, ["-u", join(settings.pythonPath, "python_runner", "fork_server.py")], {
    env: { ...settings.environment, [MARK]: BLANK_MARK },
    // Its own errors, which are ours, belong where the server's go.
    stdio: ["ignore", "ignore", "inherit", "pipe"],
    // Ctrl-C on a terminal is for the server, which decides what happens to what runs.
    detached: true,
  });
  child.unref();
  const ended = Promise.withResolvers<void>();
  child.once("exit", () => ended.resolve()).once("error", () => ended.resolve());
  const control = controlOf(child);
  if (!control) {
    door[Symbol.dispose]();
    await door.hide();
    throw new Error("no descriptor is left for a fork server");
  }

  let isGone = false;
  let held = 0;
  const zygotes = new Map<string, (why: string) => void>();
  const ready = Promise.withResolvers<void>();
  const onEnd = (why: string) => {
    isGone = true;
    ready.reject(new Error(why));
    for (const resolve of zygotes.values()) resolve(why);
    zygotes.clear();
    control.destroy();
    closeDoor();
  };
  const closeDoor = () => {
    if (isGone && held === 0) door[Symbol.dispose]();
  };
  child.once("error", (error) => onEnd(`${settings.interpreter} cannot be started (${error.message})`));
  child.once("exit", (code, signal) => onEnd(`the fork server of ${settings.interpreter} ended (${signal ?? code})`));
  control.on("error", () => {}); // its exit says more
  readLines(control, Buffer.alloc(0), (message) => {
    // Only our own program speaks there.
    const said = message as FromStem;
    if ("stem" in said) return ready.resolve();
    zygotes.get(said.gone)?.(said.error ?? `status ${said.status}`);
    zygotes.delete(said.gone);
  });
  sendLine(control, { listen: door.path });

  const timer = setTimeout(() => {
    ready.reject(new Error(`${settings.interpreter} did not start in ${settings.startMs} ms`));
    child.kill("SIGKILL");
  }, settings.startMs);
  try {
    await ready.promise;
  } finally {
    clearTimeout(timer);
    await door.hide();
  }
  control.unref();

  return {
    door,
    ended: ended.promise,
    get isGone() {
      return isGone;
    },
    fork(order) {
      const name = randomBytes(8).toString("hex");
      const gone = Promise.withResolvers<string>();
      held++;
      if (isGone) gone.resolve("the fork server ended");
      else zygotes.set(name, gone.resolve);
      sendLine(control, { zygote: name, ...order });
      const release = () => {
        held--;
        closeDoor();
      };
      return { gone: gone.promise, kill: () => sendLine(control, { end: name }), release };
    },
    retire: () => {
      isGone = true;
      control.destroy();
      closeDoor();
    },
  };
}

/** Node types descriptors above 2 as maybe writable, maybe readable; a `pipe` is a socket. */
function controlOf(child: ChildProcess): Socket | undefined {
  return (child.stdio as readonly unknown[] | undefined)?.[3] as Socket | undefined;
}
