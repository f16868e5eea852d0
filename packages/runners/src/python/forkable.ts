import { BLANK_MARK, type Environment } from "@squall/processes";
import type { Job } from "../port.ts";

/** What an interpreter, its memory allocator and the dynamic loader read when they start, and never again. */
const READ_AT_START = /^(?:PYTHON|LD_|LC_|MALLOC_|GLIBC_)|^LANG$|^LANGUAGE$/;

/**
 * Why this job needs an interpreter of its own, before anything is known of its module; undefined when it may run in a
 * fork. `stem` is the environment that a warm interpreter was started with.
 */
export function whyNotForkable(job: Job, environment: Environment, stem: Environment): string | undefined {
  if (process.platform !== "linux") return "only Linux tells what a fork server has to know";
  if (job.pythonFork === false) return `pack.yaml of ${job.action.pack} says python_fork: false`;
  const { content_version: version } = job.runnerParameters;
  if (typeof version === "string" && version !== "") return "content_version makes a folder for this run alone";
  if (job.execution.length > BLANK_MARK.length) return "the execution's id is longer than a fork has room for";
  const names = new Set([...Object.keys(environment), ...Object.keys(stem)]);
  const other = [...names].find((name) => READ_AT_START.test(name) && environment[name] !== stem[name]);
  return other === undefined ? undefined : `${other} counts only when an interpreter starts`;
}
