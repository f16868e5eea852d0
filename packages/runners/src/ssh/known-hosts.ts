import { createHash, createHmac } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { HostKeyMode } from "./settings.ts";

/** The keys of hosts that are believed, in OpenSSH's format, so that `ssh-keygen -F` and `-R` work on the file. */
export interface KnownHosts {
  /** Which types of keys this host is known with, to ask it for one of those. */
  typesOf(host: string, port: number): readonly string[];
  /** Undefined if the key is believed, or new where that is allowed; else why it is not. */
  refusal(host: string, port: number, key: Buffer): string | undefined;
  /** Remembers a new key, once the host has proved that it has the private one too. Throws when the file cannot be written. */
  keep(host: string, port: number, key: Buffer): void;
}

interface Line {
  readonly names: readonly string[];
  readonly type: string;
  readonly key: string;
  readonly revoked: boolean;
}

/**
 * Reads the file again whenever it was changed from outside. A line is added in one write, so that a crash leaves no
 * half of one in front of the next.
 */
export function createKnownHosts(file: string | undefined, mode: HostKeyMode): KnownHosts {
  let lines: Line[] = [];
  let stamp = "";

  const refresh = (): void => {
    if (file === undefined) return;
    const found = statSync(file, { throwIfNoEntry: false });
    const now = found === undefined ? "" : `${found.mtimeMs}:${found.size}:${found.ino}`;
    if (now === stamp) return;
    stamp = now;
    lines = found === undefined ? [] : parseLines(readFileSync(file, "utf8"));
  };
  const add = (name: string, type: string, key: string): void => {
    lines.push({ names: [name], type, key, revoked: false });
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    appendFileSync(file, `${name} ${type} ${key}\n`, { mode: 0o600 });
    const found = statSync(file);
    stamp = `${found.mtimeMs}:${found.size}:${found.ino}`;
  };

  return {
    typesOf(host, port) {
      if (mode === "off") return [];
      refresh();
      const name = hostName(host, port);
      return [...new Set(lines.filter((line) => !line.revoked && names(line, name)).map((line) => line.type))];
    },
    refusal(host, port, key) {
      if (mode === "off") return undefined;
      refresh();
      const name = hostName(host, port);
      const text = key.toString("base64");
      const type = keyType(key);
      const ofHost = lines.filter((line) => names(line, name));
      const same = ofHost.filter((line) => line.key === text);
      if (same.some((line) => line.revoked)) return `the key of ${name} is marked as revoked in ${file}`;
      if (same.length > 0) return undefined;
      const shown = `${type} ${fingerprint(key)}`;
      const known = ofHost.find((line) => !line.revoked);
      if (known !== undefined) {
        const cure =
          file === undefined
            ? "If the host was set up anew, start the server again to forget its old key."
            : `If the host was set up anew, forget its old key with: ssh-keygen -f ${file} -R '${name}'`;
        const before = `${known.type} ${fingerprint(Buffer.from(known.key, "base64"))}`;
        return `the key of ${name} has changed: it is ${shown}, known is ${before}. Somebody may be in between. ${cure}`;
      }
      if (mode === "strict") {
        const where = file === undefined ? "a file of known hosts" : file;
        return `${name} is not known. It shows ${shown}; if that is right, add it to ${where}: ${name} ${type} ${text}`;
      }
      return undefined;
    },
    keep(host, port, key) {
      if (mode !== "first-use") return;
      refresh();
      const name = hostName(host, port);
      const text = key.toString("base64");
      if (!lines.some((line) => line.key === text && names(line, name))) add(name, keyType(key), text);
    },
  };
}

/** As OpenSSH names a host in the file: the port only where it is not 22. */
export function hostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** As `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** A public key in SSH's wire format begins with its type. */
export function keyType(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return key.toString("latin1", 4, Math.min(4 + length, key.length, 100));
}

function parseLines(text: string): Line[] {
  return text.split("\n").flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === "" || words[0]?.startsWith("#")) return [];
    const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
    // Certificate authorities are not looked at: a host that has a certificate shows its plain key as well.
    if (marker !== undefined && marker !== "@revoked") return [];
    const [hosts, type, key] = words;
    if (hosts === undefined || type === undefined || key === undefined) return [];
    return [{ names: hosts.split(","), type, key, revoked: marker === "@revoked" }];
  });
}

/** Whether a line stands for this host: by a plain name, a pattern with `*` and `?`, or a hashed one. */
function names(line: Line, name: string): boolean {
  let matches = false;
  for (const one of line.names) {
    const negated = one.startsWith("!");
    if (!matchesName(negated ? one.slice(1) : one, name)) continue;
    if (negated) return false;
    matches = true;
  }
  return matches;
}

function matchesName(pattern: string, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(pattern);
  if (hashed !== null) {
    const [, salt = "", hash = ""] = hashed;
    return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
  }
  return matchesPattern(pattern.toLowerCase(), name);
}

/** OpenSSH's patterns: `*` any characters, `?` one. */
export function matchesPattern(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name;
  const parts = pattern.replaceAll(/\*+/g, "*").split("*");
  // Matched piece by piece, so that no pattern can take more than quadratic time.
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const found = index === parts.length - 1 && index > 0 ? name.length - part.length : findPart(part, name, at);
    if (found < at || !partAt(part, name, found) || (index === 0 && found !== 0)) return false;
    at = found + part.length;
  }
  return parts.length > 1 || at === name.length;
}

function findPart(part: string, name: string, from: number): number {
  for (let at = from; at + part.length <= name.length; at++) if (partAt(part, name, at)) return at;
  return -1;
}

function partAt(part: string, name: string, at: number): boolean {
  if (at < 0 || at + part.length > name.length) return false;
  for (let index = 0; index < part.length; index++)
    if (part[index] !== "?" && part[index] !== name[at + index]) return false;
  return true;
}
