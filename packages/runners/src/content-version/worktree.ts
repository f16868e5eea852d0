import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Invalid } from "@squall/model";
import type { RunnerSettings } from "../options.ts";
import type { Job, JobIO, Outcome } from "../port.ts";
import { abortOutcome } from "../stopped.ts";

interface PackContent {
  readonly packPath: string;
  release(): Promise<void>;
}

const GIT_TIMEOUT_MS = 120_000;
const GIT_OUTPUT_BYTES = 64 * 1024;

/**
 * Runs `body` with the folder to take the job's code from: the pack's own, or a `git worktree` of it when the runner
 * parameter `content_version` names a revision (stackstorm-model 5). That folder is removed afterwards unless `debug` is
 * set. Throws `Invalid` for a pack that is no git repository and a revision that it does not have.
 */
export async function withPackContent(
  settings: RunnerSettings,
  job: Job,
  io: JobIO,
  body: (packPath: string) => Promise<Outcome>,
): Promise<Outcome> {
  if (io.signal.aborted) return abortOutcome(io.signal);
  let content: PackContent;
  try {
    content = await packContent(settings, job, io.signal);
  } catch (thrown) {
    // git was stopped half way: what it then said about the revision means nothing.
    if (io.signal.aborted) return abortOutcome(io.signal);
    throw thrown;
  }
  try {
    return await body(content.packPath);
  } finally {
    await content.release();
  }
}

async function packContent(settings: RunnerSettings, job: Job, signal: AbortSignal): Promise<PackContent> {
  const packPath = job.packPath;
  const { content_version: version, debug } = job.runnerParameters;
  if (packPath === undefined)
    throw new Invalid("runner.pack-missing", {
      message: `action ${job.action.ref} has no pack folder on this machine; register pack ${job.action.pack} again`,
    });
  if (typeof version !== "string" || version === "") return { packPath, release: async () => {} };

  const git = (args: readonly string[]) => runGit(settings, job, signal, packPath, args);
  const prefix = await git(["rev-parse", "--show-prefix"]);
  if (prefix.code !== 0)
    throw new Invalid("runner.content-version.no-repository", {
      message:
        `cannot use content_version for pack "${job.action.pack}": its folder is not a git repository ` +
        `(${firstLine(prefix)}); clone the pack with git or leave content_version out`,
    });
  // Resolved first: a revision that starts with "-" must not become an option of `worktree add`.
  const commit = await git(["rev-parse", "--verify", "--quiet", "--end-of-options", `${version}^{commit}`]);
  if (commit.code !== 0)
    throw new Invalid("runner.content-version.unknown", {
      message:
        `Invalid content_version "${version}" provided. Make sure that the git repository of pack ` +
        `"${job.action.pack}" is up to date and contains that revision`,
    });

  const folder = await mkdtemp(join(tmpdir(), "st2-git-worktree-"));
  const remove = async () => {
    await rm(folder, { recursive: true, force: true });
    // Never canceled: it must also clean up after a canceled run.
    await runGit(settings, job, new AbortController().signal, packPath, ["worktree", "prune"]);
  };
  const added = await git(["worktree", "add", "--detach", "--force", folder, commit.stdout.trim()]);
  if (added.code !== 0) {
    await remove();
    throw new Invalid("runner.content-version.worktree", {
      message: `cannot check out revision "${version}" of pack "${job.action.pack}": ${firstLine(added)}`,
    });
  }
  return {
    packPath: join(folder, prefix.stdout.replace(/\n$/, "")),
    release: debug === true ? async () => {} : remove,
  };
}

async function runGit(
  settings: RunnerSettings,
  job: Job,
  signal: AbortSignal,
  packPath: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const end = await settings.runProcess({
    file: "git",
    // The repository's hooks belong to whoever works in it, not to a run of one of its actions.
    args: ["-C", packPath, "-c", "core.hooksPath=/dev/null", ...args],
    environment: { ...settings.environment, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0" },
    mark: job.execution,
    timeoutMs: GIT_TIMEOUT_MS,
    outputBytes: GIT_OUTPUT_BYTES,
    signal,
    onOutput: () => {},
  });
  return { code: end.code, stdout: end.stdout, stderr: end.error ?? end.stderr };
}

function firstLine(end: { readonly stderr: string; readonly code: number }): string {
  return end.stderr.trim().split("\n").at(-1) || `git ended with ${end.code}`;
}
