import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { Invalid, isObject, type JsonObject, messageOf } from "@squall/model";
import ssh2 from "ssh2";
import { type HostEntry, parseHost } from "./hosts.ts";
import type { SshSettings } from "./settings.ts";
import { findConfig, readConfig } from "./ssh-config.ts";

/** A private key that could be read and opened. */
export interface Key {
  /** What messages call it; never its content. */
  readonly name: string;
  readonly key: ssh2.ParsedKey;
}

/** Where to sign in, as whom, and with what. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly keys: readonly Key[];
  readonly agent?: string;
  readonly bastion?: Target;
  /** Differs whenever anything above does. A digest: it holds no secret. */
  readonly id: string;
}

/** How one execution signs in to every one of its hosts. */
export interface SignIn {
  readonly user?: string;
  readonly port?: number;
  readonly bastion?: string;
  readonly password?: string;
  /** The key that the action brought, opened once for all hosts. */
  readonly keys?: readonly Key[];
}

/** Keys have a few kilobytes. */
const LARGEST_KEY_BYTES = 64 * 1024;

const text = (parameters: JsonObject, name: string): string | undefined => {
  const value = parameters[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** Reads the parameters that say how to sign in. Throws Invalid when the given key cannot be used. */
export async function readSignIn(parameters: JsonObject): Promise<SignIn> {
  const [user, password, privateKey, bastion] = ["username", "password", "private_key", "bastion_host"].map((name) =>
    text(parameters, name),
  );
  const port = typeof parameters.port === "number" ? parameters.port : undefined;
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw new Invalid("runner.ssh.port", { message: `the parameter port is ${port}; ports are 1 to 65535` });
  return {
    ...(user !== undefined && { user }),
    ...(port !== undefined && { port }),
    ...(bastion !== undefined && { bastion }),
    // A password goes before a key (stackstorm-model 5.2).
    ...(password !== undefined && { password }),
    ...(password === undefined &&
      privateKey !== undefined && { keys: [await givenKey(privateKey, text(parameters, "passphrase"))] }),
  };
}

/**
 * Says where and how to sign in to a host: what the list says, then the parameters, ssh_config, the operator's settings.
 * Files are read once for all hosts of an execution.
 */
export function createResolver(settings: SshSettings, signIn: SignIn): (entry: HostEntry) => Promise<Target> {
  const config = readConfig(settings.configFile);
  // Whoever asks for a host gets the failure.
  config.catch(() => {});
  const keySets = new Map<string, Promise<readonly Key[]>>();
  const keysIn = (files: readonly string[]): Promise<readonly Key[]> => {
    const name = JSON.stringify(files);
    const keys = keySets.get(name) ?? readableKeys(files);
    keySets.set(name, keys);
    return keys;
  };
  const bringsOwn = signIn.password !== undefined || signIn.keys !== undefined;

  async function resolve(entry: { readonly name: string; readonly port?: number }, bastion?: Target): Promise<Target> {
    const found = findConfig(await config, entry.name);
    const target = {
      host: found.hostName ?? entry.name,
      port: entry.port ?? signIn.port ?? found.port ?? 22,
      user: signIn.user ?? found.user ?? settings.user,
      ...(signIn.password !== undefined && { password: signIn.password }),
      keys: signIn.keys ?? (bringsOwn ? [] : await keysIn([...found.identityFiles, ...settings.keyFiles])),
      ...(!bringsOwn && settings.agent !== undefined && { agent: settings.agent }),
      ...(bastion !== undefined && { bastion }),
    };
    return { ...target, id: identify(target) };
  }

  const bastion = signIn.bastion;
  return async (entry) => resolve(entry, bastion === undefined ? undefined : await resolve(parseHost(bastion)));
}

function identify(target: Omit<Target, "id">): string {
  const keys = target.keys.map(({ key }) => key.getPrivatePEM());
  const parts = [target.host, target.port, target.user, target.password, keys, target.agent, target.bastion?.id];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64");
}

/** A key's text, or the path of a file with it. */
async function givenKey(value: string, passphrase: string | undefined): Promise<Key> {
  if (value.includes("-----BEGIN")) return openKey("the given private key", value, passphrase);
  if (!isAbsolute(value))
    throw refused("private_key is neither a private key nor the absolute path of one", "Give either");
  const content = await readKeyFile(value).catch((thrown: unknown) => {
    throw refused(`the private key ${value} cannot be read: ${messageOf(thrown)}`, "Check the path and its owner");
  });
  return openKey(`the private key ${value}`, content, passphrase);
}

/** The path may come from whoever runs the action: no device without end, no pipe that blocks, nothing huge. */
async function readKeyFile(path: string): Promise<string> {
  const found = await stat(path);
  if (!found.isFile()) throw new Error("it is no file");
  if (found.size > LARGEST_KEY_BYTES) throw new Error("it is too large for a key");
  return readFile(path, "latin1");
}

function openKey(name: string, content: string, passphrase: string | undefined): Key {
  const key = parse(content, passphrase);
  if (key instanceof Error) {
    if (/no passphrase/i.test(key.message)) throw refused(`${name} is encrypted`, "Give the parameter passphrase");
    if (/bad (?:passphrase|decrypt)|decrypt|integrity check/i.test(key.message))
      throw refused(`${name} cannot be decrypted`, "Check the parameter passphrase");
    throw refused(`${name} cannot be used: ${key.message}`, "It has to be a private key in OpenSSH's or PEM format");
  }
  if (!key.isPrivateKey()) throw refused(`${name} is a public key`, "Give the private one");
  return { name, key };
}

function refused(what: string, cure: string): Invalid {
  return new Invalid("runner.ssh.key", { message: `${what}. ${cure}.` });
}

function parse(content: string, passphrase?: string): ssh2.ParsedKey | Error {
  const parsed: unknown = ssh2.utils.parseKey(content, passphrase);
  // The library returns a list for files with several keys, whatever its types say.
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  return key instanceof Error || !isObject(key) ? (key as Error) : (key as unknown as ssh2.ParsedKey);
}

/** The operator's keys: those that are not there, or need a passphrase that nobody can give, are passed over. */
async function readableKeys(files: readonly string[]): Promise<readonly Key[]> {
  const keys = await Promise.all(
    [...new Set(files)].map(async (file): Promise<Key | undefined> => {
      const content = await readKeyFile(file).catch(() => undefined);
      if (content === undefined) return undefined;
      const key = parse(content);
      return key instanceof Error || !key.isPrivateKey() ? undefined : { name: file, key };
    }),
  );
  return keys.filter((key) => key !== undefined);
}
