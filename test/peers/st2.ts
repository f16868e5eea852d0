import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** `npm run test:cluster` puts another in its place, which makes it a member of a cluster. */
const SERVER =
  process.env.SQUALL_TEST_MAIN ?? fileURLToPath(new URL("../../packages/server/src/main.ts", import.meta.url));

export interface Ended {
  readonly status: number | null;
  /** What it printed, errors included: the client tells of them on either stream. */
  readonly text: string;
  // What a command prints as JSON differs by command; a test that expects another shape fails either way.
  // oxlint-disable-next-line no-explicit-any -- see above
  readonly json: any;
}

export type St2 = (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Ended>;

/** A Squall server as a process of its own, and StackStorm's client pointed at its one port. */
export interface Peer extends AsyncDisposable {
  readonly url: string;
  readonly password: string;
  readonly token: string;
  /** As an administrator, by token. */
  readonly st2: St2;
  /** Without credentials but those given, and with this home. */
  anybody(home: string): St2;
  /** An empty folder, removed with the rest. */
  folder(name: string): string;
  /** What the index of packs holds from now on, by ref. */
  offer(packs: object): void;
  /** Writes a file to hand to a command; gives its path. */
  file(name: string, text: string): string;
}

export async function startPeer(bin: string): Promise<Peer> {
  const directory = mkdtempSync(join(tmpdir(), "squall-peer-"));
  const index = join(directory, "index.json");
  writeFileSync(index, JSON.stringify({ packs: {} }));
  const args = ["--disable-warning=ExperimentalWarning", SERVER, "--port", "0", "--data", join(directory, "data")];
  // An index that tests write: nothing is asked of the network.
  args.push("--pack-index", `file://${index}`);
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const stop = async () => {
    if (server.exitCode === null && server.kill("SIGTERM")) await once(server, "exit");
    rmSync(directory, { recursive: true, force: true });
  };
  const folder = (name: string) => {
    const path = join(directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  try {
    const { url, password } = await announced(server);
    // The three addresses as a default installation of the client has them, but for the ports: sign-in without a version.
    const addresses = { ST2_API_URL: `${url}/v1`, ST2_AUTH_URL: url, ST2_STREAM_URL: `${url}/v1` };
    const anybody = (home: string): St2 => {
      const fixed = { PATH: process.env.PATH ?? "", HOME: home, LANG: "C.UTF-8", ST2_COLORIZE: "false", ...addresses };
      return (words, env = {}) => run(join(bin, "st2"), words, { ...fixed, ...env });
    };
    const home = folder("home");
    const signedIn = await anybody(home)(["auth", "admin", "-p", password, "-t"]);
    const token = signedIn.text.trim();
    const st2: St2 = (words, env = {}) => anybody(home)(words, { ST2_AUTH_TOKEN: token, ...env });
    const file = (name: string, text: string) => {
      const path = join(folder("files"), name);
      writeFileSync(path, text);
      return path;
    };
    const offer = (packs: object) => {
      writeFileSync(index, JSON.stringify({ packs }));
      rmSync(join(directory, "data/pack-index"), { recursive: true, force: true });
    };
    return { offer, url, password, token, st2, anybody, folder, file, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where the server answers, and the password of its administrator. */
async function announced(server: ReturnType<typeof spawn>): Promise<{ url: string; password: string }> {
  let printed = "";
  const started = Promise.withResolvers<{ url: string; password: string }>();
  server.stdout?.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    const url = /answers at (http:\/\/[\w.:]+)/.exec(printed)?.[1];
    const password = /password +(\S+)/.exec(printed)?.[1];
    if (url && password) started.resolve({ url, password });
  });
  server.on("exit", () => started.reject(new Error(`the server ended: ${printed}`)));
  return started.promise;
}

async function run(program: string, args: readonly string[], env: Record<string, string>): Promise<Ended> {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    out += part;
    text += part;
  });
  child.stderr.setEncoding("utf8").on("data", (part: string) => (text += part));
  const [status] = (await once(child, "close")) as [number | null];
  return {
    status,
    text,
    get json() {
      return JSON.parse(out) as unknown;
    },
  };
}
