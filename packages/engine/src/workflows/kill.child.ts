/** Runs a workflow, and ends it as the mode says; kills its own process right after the commit with this number. */
import type { Store } from "@squall/store";
import { anEngine } from "../an-engine.ts";
import { answerQuestions } from "./kill-at-every-commit.ts";

const [directory = "", folder = "", key = "", at = "0", name = "", mode = "run"] = process.argv.slice(2);
let commits: number | undefined;

function count<T>(result: T): T {
  if (commits !== undefined && ++commits === Number(at)) process.kill(process.pid, "SIGKILL");
  return result;
}

const around = (store: Store): Store =>
  new Proxy(store, {
    get(target, name) {
      if (name === "commit")
        return async (...given: Parameters<Store["commit"]>) => count(await target.commit(...given));
      if (name === "claim") return async (...given: Parameters<Store["claim"]>) => count(await target.claim(...given));
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });

const t = await anEngine({ directory, key: Buffer.from(key, "hex"), around });
await t.engine.content.register("default", [folder]);
await answerQuestions(t);
commits = 0;
const parameters = mode === "timeout" ? { timeout: 1 } : {};
const { id } = await t.engine.executions.request(t.admin, { action: `flows.${name}`, parameters });
if (mode === "cancel") {
  // Once all that it begins at once has begun.
  while ((await t.engine.executions.children("default", id, -1)).length < 7) await new Promise(setImmediate);
  await t.engine.executions.cancel(t.admin, id);
}
await t.engine.executions.settled("default", id);
if (mode !== "run") {
  // A time limit ends the workflow before what runs of it has ended.
  for (const task of await t.engine.executions.children("default", id, -1)) {
    await t.engine.executions.settled("default", task.id);
  }
}
console.log(commits);
// No clean stop: whoever asked for a number beyond the last one compares with a run that was not disturbed.
process.exit(0);
