import { Invalid } from "@squall/model";
import type { Topic } from "../port.ts";

/** The subjects of one cluster. All begin with `squall.<cluster>.`, so one permission suffices for a member. */
export interface Subjects {
  /** What all of them begin with. */
  readonly prefix: string;
  say(topic: Topic): string;
  /** Where those who listen to what is only said when somebody does say so. */
  want(topic: Topic): string;
  ask(address: string): string;
  /** Where answers to `asker` come; `*` takes the question's number. */
  answers(asker: string): string;
  /** Whether an answer may be sent there: nobody gets us to speak on other subjects than answers'. */
  isForAnswers(subject: string): boolean;
  readonly inbox: string;
  /** A name for JetStream, where dots may not be. */
  readonly bucket: string;
}

/** @throws Invalid `bus.cluster` when it could not stand in a subject */
export function subjectsOf(cluster: string): Subjects {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(cluster))
    throw new Invalid("bus.cluster", {
      message: `'${cluster.slice(0, 80)}' cannot be the name of a cluster: 1 to 64 letters, digits, '-' and '_'`,
    });
  const prefix = `squall.${cluster}`;
  // Gateways between NATS clusters put two tokens of theirs before the subject of a question's answer.
  const forAnswers = new RegExp(`^(?:_GR_\\.[^.]+\\.[^.]+\\.)?squall\\.${cluster}\\.answer\\.[A-Za-z0-9_-]+\\.[0-9]+$`);
  return {
    prefix: `${prefix}.`,
    isForAnswers: (subject) => forAnswers.test(subject),
    say: (topic) => `${prefix}.say.${topic}`,
    want: (topic) => `${prefix}.want.${topic}`,
    ask: (address) => `${prefix}.ask.${token(address)}`,
    answers: (asker) => `${prefix}.answer.${asker}`,
    inbox: `${prefix}.inbox`,
    bucket: `squall_${cluster}_artifacts`,
  };
}

/** NATS lets subjects be some thousand characters long; servers and logs are kinder to shorter ones. */
const LONGEST_ADDRESS = 400;

/**
 * Any text as one token of a subject: what could have a meaning there (`.`, `*`, `>`, spaces, `$`) is written as `=`
 * and hexadecimal digits, so that different texts stay different.
 */
export function token(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length === 0 || bytes.length > LONGEST_ADDRESS)
    throw new Invalid("bus.address-syntax", {
      message: `an address on the bus has 1 to ${LONGEST_ADDRESS} bytes; this one has ${bytes.length}`,
    });
  let out = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    out += /[A-Za-z0-9_-]/.test(character) ? character : `=${byte.toString(16).padStart(2, "0")}`;
  }
  return out;
}
