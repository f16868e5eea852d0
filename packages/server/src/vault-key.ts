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

/**
 * The key that secrets in the store are encrypted with: 32 random bytes in a file of their own beside the database,
 * readable by its owner alone. Made at the first start. Throws Unavailable when a database is there and its key is not:
 * a new one could not read what was encrypted with the old.
 */
export function vaultKey(directory: string): Buffer {
  try {
    makeDirectory(directory);
  } catch (error) {
    throw fileTrouble(error, "The data directory", directory, "--data");
  }
  try {
    return keyIn(directory);
  } catch (error) {
    throw fileTrouble(error, "The encryption key", join(directory, FILE), "--data");
  }
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
  const key = Buffer.from(readFileSync(path, "utf8").trim(), "base64");
  if (key.length === 32) return key;
  throw new Unavailable("server.key.broken", {
    message: `${path} does not hold an encryption key (32 bytes in base64). Restore it from a backup.`,
  });
}

/** Whole or not at all, and on the disk before anything is encrypted with it. Two that start at once make one key. */
function writeKey(path: string): void {
  const draft = `${path}.${process.pid}.new`;
  const file = openSync(draft, "wx", 0o600);
  try {
    writeSync(file, `${randomBytes(32).toString("base64")}\n`);
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
