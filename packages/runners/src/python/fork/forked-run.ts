import { constants } from "node:os";
import type { Socket } from "node:net";
import {
  type Capture,
  createCaptures,
  killTree,
  type ProcessEnd,
  type ProcessLimits,
  supervise,
} from "@squall/processes";
import type { Door, Greeting } from "./door.ts";
import { unlessStopped } from "./unless-stopped.ts";
import type { ForkRequest } from "./zygote.ts";

/** The action has not begun, so the run can still be made in another way. */
export interface NotForked {
  readonly notForked: string;
}

/** What the zygote reports of a run. */
export interface ForkedRun {
  onExit(status: number): void;
  onNotForked(why: string): void;
  /** The zygote died. */
  onLost(): void;
}

/** Connections that a fork makes in any case: for its job and answer, its stdout, its stderr. */
const CONNECTIONS = 3;
/** Turns of the event loop after which a connection made before a process's end has been greeted for certain. */
const TURNS = 4;

/**
 * One run in a fork of a zygote, from asking for the fork to its end. The action begins when the fork gets its job, on
 * the connection on which it asked for it. Never rejects.
 */
export async function runForked(
  request: ForkRequest,
  limits: ProcessLimits,
  door: Door,
  token: string,
  askFor: (run: ForkedRun) => void,
): Promise<ProcessEnd | NotForked> {
  const captures = createCaptures(request);
  const sockets = new Set<Socket>();
  const begun = Promise.withResolvers<number | NotForked>();
  const exited = Promise.withResolvers<number>();
  const closed = Promise.withResolvers<void>();
  const startedAt = performance.now();
  let pid = 0;
  let isLost = false;
  let hasExited = false;
  let missing = CONNECTIONS;

  const listen = ({ socket, rest }: Greeting, capture: Capture) => {
    sockets.add(socket);
    if (rest.length > 0) capture.push(rest);
    socket.on("data", (bytes: Buffer) => capture.push(bytes));
    socket.once("end", () => socket.destroy());
    socket.once("close", () => {
      sockets.delete(socket);
      missing--;
      settleClosed();
    });
  };
  const settleClosed = () => {
    if (!hasExited || missing > 0) return;
    if (captures.answer.bytes().length > 0) return closed.resolve();
    // It may have answered on another connection just before it ended.
    turns(TURNS, () => missing === 0 && closed.resolve());
  };
  door.expect(token, (greeting) => {
    switch (greeting.caller) {
      case "J":
        pid = greeting.pid;
        listen(greeting, captures.answer);
        greeting.socket.end(request.payload());
        return begun.resolve(pid);
      case "A":
        missing++;
        return listen(greeting, captures.answer);
      case "O":
        return listen(greeting, captures.stdout);
      case "E":
        return listen(greeting, captures.stderr);
      default:
        return void greeting.socket.destroy();
    }
  });
  const exit = (status: number) => {
    hasExited = true;
    begun.resolve({ notForked: `it ended with ${status} before it had its job` });
    exited.resolve(status);
    settleClosed();
  };
  askFor({
    onExit: exit,
    onNotForked: (why) => begun.resolve({ notForked: why }),
    onLost: () => {
      begun.resolve({ notForked: "the process it was to be forked from ended" });
      if (pid === 0 || hasExited) return;
      isLost = true;
      // The system kills the fork itself with its parent; what it has started is left.
      const tree = { pid, mark: request.mark, startedAt, graceMs: 0, table: limits.table };
      void killTree(tree).finally(() => exit(-constants.signals.SIGKILL));
    },
  });

  try {
    const first = await unlessStopped(begun.promise, request);
    if ("end" in first) return first.end;
    if (typeof first.value !== "number") return first.value;
    const release = () => {
      for (const socket of sockets) socket.destroy();
    };
    const left = { ...request, timeoutMs: request.timeoutMs - (performance.now() - startedAt) };
    const end = await supervise(
      { pid, exited: exited.promise, closed: closed.promise, release },
      captures,
      left,
      limits,
    );
    if (!isLost || end.kind !== "exited") return end;
    return { ...end, error: "the fork server's process that this ran in was ended from outside; run it again" };
  } finally {
    // A fork that comes for its job later is turned away, and ends.
    door.forget(token);
    for (const socket of sockets) socket.destroy();
  }
}

function turns(count: number, then: () => void): void {
  setImmediate(() => (count > 1 ? turns(count - 1, then) : then()));
}
