import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { Invalid } from "@squall/model";

/** Encrypts what may not lie open in the store. The key never leaves the process and is not in the database. */
export interface Vault {
  /**
   * AES-256-GCM with a fresh nonce: `squall1:` + base64url of nonce, tag and ciphertext. The purpose is bound into it,
   * so that what was sealed as one thing cannot be passed off as another.
   */
  seal(plaintext: string, purpose: SealPurpose): string;
  /** Throws Invalid when the text was not sealed with this key for this purpose, or was changed. */
  open(sealed: string, purpose: SealPurpose): string;
  /** The credentials of a running execution: an HMAC over its id, so that none need be stored. */
  executionToken(execution: string): string;
  /** A name for the processes of a sensor: the same at every start of this installation, and of no other. */
  sensorMark(project: string, sensor: string): string;
  /** New credentials of a sensor that a member of a cluster runs. */
  sensorToken(about: SensorOfMember): string;
  /** What `sensorToken` was made of; undefined for anything else. */
  sensorOf(token: string): SensorOfMember | undefined;
  /** The execution that a token belongs to, if it is one of ours. */
  executionOf(token: string): string | undefined;
}

export interface SensorOfMember {
  readonly project: string;
  readonly sensor: string;
  readonly member: string;
}

export type SealPurpose = "key" | "parameter" | "workflow" | "installation";

const PREFIX = "squall1:";
const NONCE_BYTES = 12; // the size GCM is made for
const TAG_BYTES = 16;
const SENSOR_PREFIX = "sqm";

/** `key` is 32 random bytes kept in a file beside the database, readable by its owner alone. */
export function createVault(key: Uint8Array): Vault {
  if (key.length !== 32) {
    throw new Invalid("vault.key-size", {
      message: `the encryption key has ${key.length} bytes and needs 32; restore the key file from a backup`,
    });
  }
  // Derived keys, so that no key serves two purposes.
  const sealing = createHmac("sha256", key).update("seal").digest();
  const tokens = createHmac("sha256", key).update("execution-token").digest();
  const marks = createHmac("sha256", key).update("sensor-mark").digest();
  const sensors = createHmac("sha256", key).update("sensor-token").digest();
  const sensorMac = (body: string) => createHmac("sha256", sensors).update(body).digest("base64url");
  const mac = (execution: string) => createHmac("sha256", tokens).update(execution).digest("hex").slice(0, 40);
  return {
    seal(plaintext, purpose) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", sealing, nonce).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
      return PREFIX + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64url");
    },
    open(sealed, purpose) {
      try {
        if (!sealed.startsWith(PREFIX)) throw new Error("not sealed here");
        const bytes = Buffer.from(sealed.slice(PREFIX.length), "base64url");
        const decipher = createDecipheriv("aes-256-gcm", sealing, bytes.subarray(0, NONCE_BYTES));
        decipher.setAAD(Buffer.from(purpose));
        decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        const body = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([body, decipher.final()]).toString("utf8");
      } catch (cause) {
        throw new Invalid("vault.integrity", {
          message:
            "Failed to verify the integrity of the encrypted value: it was not encrypted with this installation's key, or it was changed",
          cause,
        });
      }
    },
    executionToken: (execution) => `sqx${execution}${mac(execution)}`,
    sensorMark: (project, sensor) =>
      `sensor-${createHmac("sha256", marks).update(`${project}\0${sensor}`).digest("hex").slice(0, 32)}`,
    sensorToken({ project, sensor, member }) {
      const body = Buffer.from(JSON.stringify([project, sensor, member, randomBytes(12).toString("base64url")]));
      const text = body.toString("base64url");
      return `${SENSOR_PREFIX}${text}.${sensorMac(text)}`;
    },
    sensorOf(token) {
      if (!token.startsWith(SENSOR_PREFIX)) return undefined;
      const [body = "", given = ""] = token.slice(SENSOR_PREFIX.length).split(".");
      const expected = Buffer.from(sensorMac(body));
      const got = Buffer.from(given);
      if (got.length !== expected.length || !timingSafeEqual(got, expected)) return undefined;
      // Cast: made by `sensorToken`.
      const [project, sensor, member] = JSON.parse(Buffer.from(body, "base64url").toString()) as [
        string,
        string,
        string,
      ];
      return { project, sensor, member };
    },
    executionOf(token) {
      if (token.length !== 67 || !token.startsWith("sqx")) return undefined;
      const execution = token.slice(3, 27);
      const expected = Buffer.from(mac(execution));
      const given = Buffer.from(token.slice(27));
      return given.length === expected.length && timingSafeEqual(given, expected) ? execution : undefined;
    },
  };
}
