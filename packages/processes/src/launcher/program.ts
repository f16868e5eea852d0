import { createProcessTable } from "../members.ts";
import { runProcess } from "../run-process.ts";
import type { FromLauncher, ToLauncher } from "./messages.ts";

/*
 * The launcher: a small process of the server's that starts the processes of actions. Why: launcher.ts.
 *
 * When the server is gone, so is the channel; then everything that runs is ended and this ends too.
 * Ctrl-C on a terminal reaches the whole group; what runs then is the server's to decide.
 */
const table = createProcessTable();
const runs = new Map<number, AbortController>();
let isAlone = false;

const send = (message: FromLauncher) => {
  if (process.connected) process.send?.(message);
};

process.on("message", (message: ToLauncher) => {
  if (message.kind === "abort") {
    runs.get(message.id)?.abort();
    return;
  }
  const { id, request, limits } = message;
  const controller = new AbortController();
  runs.set(id, controller);
  void runProcess(
    { ...request, signal: controller.signal, onOutput: (type, text) => send({ kind: "output", id, type, text }) },
    { ...limits, table },
  ).then((end) => {
    runs.delete(id);
    send({ kind: "end", id, end });
    if (isAlone && runs.size === 0) process.exit(0);
  });
});

process.on("disconnect", () => {
  isAlone = true;
  for (const controller of runs.values()) controller.abort();
  if (runs.size === 0) process.exit(0);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
