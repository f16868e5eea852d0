import { realpath } from "node:fs/promises";
import { isAbsolute, join, sep } from "node:path";
import { Invalid, NotFound } from "@squall/model";
import type { Job } from "./port.ts";

/**
 * The file that an action's `entry_point` names: below `actions/`, or absolute and still inside the pack (reference,
 * section 2). Links are followed before that is looked at, so that no action runs, or changes the mode of, a file of the
 * machine. Throws NotFound when there is none.
 */
export async function entryFile(job: Job, packPath: string): Promise<string> {
  const entry = job.action.entryPoint;
  const file = isAbsolute(entry) ? entry : join(packPath, "actions", entry);
  const root = await realpath(packPath);
  const real = await realpath(file).catch(() => undefined);
  if (real === undefined) {
    throw new NotFound("runner.script-missing", {
      message: `the script ${file} of action ${job.action.ref} does not exist; correct entry_point or register the pack again`,
    });
  }
  if (!real.startsWith(root + sep)) {
    throw new Invalid("runner.script-outside", {
      message: `entry_point '${entry}' of action ${job.action.ref} leads out of the pack ${root}; put the file into the pack's actions folder`,
    });
  }
  return file;
}
