import { randomBytes } from "node:crypto";

/**
 * An id factory: 24 hex digits that sort by creation, as clients of StackStorm expect of a Mongo ObjectId
 * (4 bytes seconds, 5 bytes of this process, 3 bytes counter). Within one process and second the counter keeps the
 * order; 16.7 million ids a second are the bound.
 */
export function createIds(now: () => number = Date.now, random: (bytes: number) => Buffer = randomBytes): () => string {
  const process = random(5).toString("hex");
  let counter = random(3).readUIntBE(0, 3) & 0x7fffff;
  let second = 0;
  let prefix = "";
  return () => {
    // A clock that steps back must not make ids that sort before older ones.
    const current = Math.max(Math.floor(now() / 1000), second);
    if (current !== second) {
      second = current;
      prefix = second.toString(16).padStart(8, "0") + process;
      counter &= 0x7fffff; // room to count up before it would wrap inside this second
    }
    counter = (counter + 1) & 0xffffff;
    return prefix + counter.toString(16).padStart(6, "0");
  };
}

const ID = /^[0-9a-f]{24}$/;

export function isId(text: string): boolean {
  return ID.test(text);
}
