import { constants } from "node:os";
import type { Socket } from "node:net";
import {
  type Capture,
  type Captures,
  createCaptures,
  killTree,
  type ProcessEnd,
  type ProcessLimits,
  supervise,
} from "@squall/processes";
import type { Caller, Door, Greeting } from "./door.ts";
import { turns } from "./turns.ts";
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
/** A fork takes milliseconds; one that has not got that far by then was turned away, for want of descriptors say. */
const BEGIN_MS = 10_000;
/**
 * One run in a fork of a zygote, from asking for the fork to its end. The action begins when the fork gets its job, on
 * the connection on which it asked for it, once those for its output are there too. Never rejects.
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
  let hasJob = false;
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
    void turns().then(() => missing === 0 && closed.resolve());
  };
  let asking: Socket | undefined;
  door.expect(token, (greeting) => {
    const { caller, socket } = greeting;
    if (caller === "Z") return void socket.destroy();
    if (caller === "A") missing++;
    if (caller === "J") {
      pid = greeting.pid;
      asking = socket;
    }
    listen(greeting, captureOf(caller, captures));
    if (asking === undefined || caller === "A" || sockets.size < CONNECTIONS) return;
    hasJob = true;
    asking.end(request.payload());
    begun.resolve(pid);
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
      // Without its job it has done nothing, and the mark may be that of another try by now.
      if (!hasJob || hasExited) return;
      isLost = true;
      // The system kills the fork itself with its parent; what it has started is left.
      const tree = { pid, mark: request.mark, startedAt, graceMs: 0, table: limits.table };
      void killTree(tree).finally(() => exit(-constants.signals.SIGKILL));
    },
  });

  try {
    const late = setTimeout(begun.resolve, BEGIN_MS, { notForked: `it did not begin in ${BEGIN_MS} ms` });
    const first = await unlessStopped(begun.promise, request);
    clearTimeout(late);
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

/** The answer comes where the job was sent, and from an action that closed that on a connection of its own. */
function captureOf(caller: Exclude<Caller, "Z">, captures: Captures): Capture {
  switch (caller) {
    case "J":
    case "A":
      return captures.answer;
    case "O":
      return captures.stdout;
    case "E":
      return captures.stderr;
    default:
      return caller satisfies never;
  }
}
