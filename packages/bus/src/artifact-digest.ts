import { createHash } from "node:crypto";
import { Invalid } from "@squall/model";

/** Whether the text can be the digest of an artifact: SHA-256 in hexadecimal digits. */
export function isArtifactDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

export function artifactDigest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** @throws Invalid `bus.artifact` when it is not the digest of the bytes */
export function checkArtifact(digest: string, bytes: Uint8Array): void {
  if (artifactDigest(bytes) !== digest)
    throw new Invalid("bus.artifact", { message: `'${digest}' is not the SHA-256 of the ${bytes.length} bytes` });
}
