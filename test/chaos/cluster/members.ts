import { join } from "node:path";
import { programEnvironment, ROOT } from "../../e2e/server-process.ts";
import type { Address, Host } from "./network.ts";
import { type Program, startProgram } from "./program.ts";

export const ROLES = ["engine", "worker", "api", "sources"] as const;
export type Role = (typeof ROLES)[number];

/** One `squall server` of the cluster: started again and again on the same host, data and port. */
export interface Member extends AsyncDisposable {
  readonly name: string;
  readonly role: Role | "all";
  readonly host: Host;
  readonly address: Address;
  /** All its processes so far, the last one last. */
  readonly lives: readonly Life[];
  /** Starts it if it does not run; resolves with the program when it answers, or has ended. */
  start(): Promise<Program>;
  /** Marks the end of the present life, before whoever calls brings it about. */
  doom(why: string): void;
}

/** One process, from its start to its end. Times are of the wall clock, in milliseconds. */
export interface Life {
  readonly member: string;
  readonly pid: number;
  readonly began: number;
  /** When it answered. */
  answered?: number;
  /** When it was killed or told to stop, and how. */
  doomed?: { readonly at: number; readonly why: string };
  ended?: number;
  /** What was done to it without ending it, which may have cost it its place: paused, cut off, its row removed. */
  readonly hurts: { readonly at: number; readonly why: string }[];
}

export interface MemberOptions {
  readonly name: string;
  readonly role: Role | "all";
  readonly host: Host;
  readonly folder: string;
  readonly flags: readonly string[];
  /** Addresses hold passwords, so that the command line is no place for them. */
  readonly env: Readonly<Record<string, string>>;
  /** Called when it ends without having been told to. */
  readonly onEnd: (life: Life, output: string) => void;
}

const MAIN = join(ROOT, "packages/server/src/main.ts");

export async function createMember(options: MemberOptions): Promise<Member> {
  const { name, role, host, folder, flags, env, onEnd } = options;
  const port = await host.port();
  const lives: (Life & { readonly program: Program })[] = [];
  const begin = () => {
    const args = ["--host", host.address, "--port", String(port), "--data", join(folder, name), ...flags];
    const program = startProgram({
      host,
      program: process.execPath,
      args: ["--disable-warning=ExperimentalWarning", MAIN, ...args],
      env: programEnvironment(env),
      cwd: ROOT,
      log: join(folder, `${name}.out`),
    });
    const life: Life & { readonly program: Program } = {
      member: name,
      pid: program.pid,
      began: Date.now(),
      hurts: [],
      program,
    };
    lives.push(life);
    void program.ended.then(({ code, signal }) => {
      life.ended = Date.now();
      if (!life.doomed) onEnd(life, `${program.output()}(${signal ?? code})`);
    });
    return life;
  };
  const doom = (why: string) => {
    const life = lives.at(-1);
    if (life) life.doomed ??= { at: Date.now(), why };
  };
  return {
    name,
    role,
    host,
    address: { host: host.address, port },
    lives,
    async start() {
      const last = lives.at(-1);
      if (last && !last.program.hasEnded) return last.program;
      const life = begin();
      if (await life.program.printed(/answers at (http\S+)/)) life.answered = Date.now();
      return life.program;
    },
    doom,
    async [Symbol.asyncDispose]() {
      const program = lives.at(-1)?.program;
      doom("the end");
      program?.signal("SIGCONT");
      program?.signal("SIGKILL", "group");
      await program?.ended;
    },
  };
}
