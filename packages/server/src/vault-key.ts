import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Unavailable } from "@squall/model";
import { fileTrouble } from "./file-trouble.ts";

const FILE = "encryption.key";

const BYTES = 32;

export interface KeyPlace {
  /** Made if it is not there. */
  readonly dataDirectory: string;
  /** A file that the operator gives, which is never made. */
  readonly keyFile?: string;
  /** Others have the same key, so that a new one would be a wrong one. */
  readonly shared: boolean;
}

/**
 * The key that secrets in the store are encrypted with: 32 random bytes in a file of their own, readable by its owner alone.
 * In the data directory it is made at the first start. Throws Unavailable when a database is there and its key is not:
 * a new one could not read what was encrypted with the old.
 */
export function vaultKey({ dataDirectory: directory, keyFile, shared }: KeyPlace): Buffer {
  try {
    makeDirectory(directory);
  } catch (error) {
    throw fileTrouble(error, "The data directory", directory, "--data");
  }
  if (keyFile !== undefined) return givenKey(keyFile);
  if (shared && !existsSync(join(directory, FILE))) {
    throw new Unavailable("server.key.missing", {
      message: `Every process of a cluster needs the same encryption key: name its file with --key-file. Make the key once, and give a copy to each machine: ${MAKE}`,
    });
  }
  try {
    return keyIn(directory);
  } catch (error) {
    throw fileTrouble(error, "The encryption key", join(directory, FILE), "--data");
  }
}

const MAKE = "(umask 077; squall server --new-key > squall.key), or openssl rand -base64 32";

/** A key, as it stands in a file. */
export function newKey(): string {
  return randomBytes(BYTES).toString("base64");
}

function givenKey(file: string): Buffer {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      throw fileTrouble(error, "The encryption key", file, "--key-file", "read");
    throw new Unavailable("server.key.missing", {
      message: `There is no encryption key ${file}. Correct --key-file; for a new installation make one: ${MAKE}`,
    });
  }
  const key = keyOf(text);
  if (key) return key;
  throw new Unavailable("server.key.broken", {
    message: `${file} does not hold an encryption key (${BYTES} bytes in base64). For a new installation make one: ${MAKE}`,
  });
}

function keyOf(text: string): Buffer | undefined {
  const written = text.trim();
  const key = Buffer.from(written, "base64");
  // What is no base64 is skipped in decoding, so that other texts give 32 bytes, too.
  return key.length === BYTES && /^[A-Za-z0-9+/]+=?$/.test(written) ? key : undefined;
}

/** Like `recursive: true`, which on Node 24 never ends below /proc. */
function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectory(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // another server made it meanwhile
  }
}

function keyIn(directory: string): Buffer {
  const path = join(directory, FILE);
  if (!existsSync(path)) {
    if (existsSync(join(directory, "squall.db"))) {
      throw new Unavailable("server.key.missing", {
        message: `${path} is missing, but the database it encrypts is there. Restore the key file from a backup (or, to start anew, choose another --data directory).`,
      });
    }
    writeKey(path);
  }
  const key = keyOf(readFileSync(path, "utf8"));
  if (key) return key;
  throw new Unavailable("server.key.broken", {
    message: `${path} does not hold an encryption key (${BYTES} bytes in base64). Restore it from a backup.`,
  });
}

/** Whole or not at all, and on the disk before anything is encrypted with it. Two that start at once make one key. */
function writeKey(path: string): void {
  const draft = `${path}.${process.pid}.new`;
  const file = openSync(draft, "wx", 0o600);
  try {
    writeSync(file, `${newKey()}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const folder = openSync(join(path, ".."), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
