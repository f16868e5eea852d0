import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Failure } from "./failure.ts";

/** What `squall login` keeps for one server. */
export interface StoredLogin {
  readonly user: string;
  readonly token: string;
  /** ISO 8601, as the server gave it */
  readonly expiry: string;
}

type StoredLogins = Readonly<Record<string, StoredLogin>>;

/** `~/.config/squall/credentials.json`, or where `XDG_CONFIG_HOME` says. */
export function credentialsFile(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "squall", "credentials.json");
}

/** The login kept for this server, also when it has expired. Throws Failure when the file is damaged. */
export async function readLogin(file: string, url: string): Promise<StoredLogin | undefined> {
  return (await readAll(file))[url];
}

/** Keeps or (undefined) forgets the login of one server. The file is readable by its owner only. */
export async function writeLogin(file: string, url: string, login: StoredLogin | undefined): Promise<void> {
  const { [url]: _, ...others } = await readAll(file);
  const all = login ? { ...others, [url]: login } : others;
  if (Object.keys(all).length === 0) {
    await rm(file, { force: true });
    return;
  }
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Written beside and renamed, so that a crash leaves the old file or the new one, and never one that others can read.
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, `${JSON.stringify(all, undefined, 2)}\n`, { mode: 0o600, flag: "w" });
  await chmod(partial, 0o600);
  await rename(partial, file);
}

async function readAll(file: string): Promise<StoredLogins> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return {};
    throw thrown;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError("not an object");
    return value as StoredLogins;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(
      `${file} is damaged: ${reason.replace(/".*"/s, "...")}`,
      "delete it and sign in again with `squall login`",
    );
  }
}
