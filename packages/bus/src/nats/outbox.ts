import type { Message, Topic } from "../port.ts";
import { framesOf } from "./frames.ts";
import type { Link } from "./link.ts";

/** Bodies are packed up to here; larger ones hold one message. */
const PACK_BYTES = 128 * 1024;
/** Bytes that may wait while there is no connection, or while the server does not keep up. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const MAX_WAITING = 10_000;
/** Bytes that may be sent before the server has said that it took them. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const MARK_BYTES = 256 * 1024;

export interface OutboxOptions {
  readonly sender: string;
  readonly subjectOf: (topic: Topic) => string;
  readonly link: Pick<Link, "isUp" | "maxPayload" | "publish" | "flush">;
  /** A message that cannot be sent, and why. */
  readonly onUnsent: (topic: Topic, why: string) => void;
}

/**
 * What is said to other processes.
 *
 * O1  What is said in one turn of the event loop leaves in its next phase, neighbours of one topic together. Order holds
 *     over all topics, since one connection carries them in the order of sending.
 * O2  Its memory is bounded: without a connection, or when the server takes less than is said, the oldest goes.
 */
export interface Outbox {
  say(message: Message): void;
  /** Sends what it can. To be called when a connection is there. */
  pump(): void;
  /** The connection was lost: what was under way counts as sent. */
  reset(): void;
  readonly waiting: { readonly bodies: number; readonly bytes: number };
  readonly sent: { readonly messages: number; readonly bodies: number; readonly bytes: number };
  /** Messages given up for want of room. */
  readonly dropped: number;
}

interface Body {
  readonly topic: Topic;
  readonly bytes: Uint8Array;
  readonly messages: number;
}

export function createOutbox({ sender, subjectOf, link, onUnsent }: OutboxOptions): Outbox {
  let turn: Message[] = [];
  let immediate: NodeJS.Immediate | undefined;
  let bodies: Body[] = [];
  /** Where `bodies` begins: shifting a long array each time would copy it. */
  let first = 0;
  let waitingBytes = 0;
  let dropped = 0;
  let number = 0;
  /** Grows with each connection, so that an answer of an old one counts nothing. */
  let era = 0;
  let underWay = 0;
  let sinceMark = 0;
  const sent = { messages: 0, bodies: 0, bytes: 0 };

  function take(): Body | undefined {
    const body = bodies[first];
    if (!body) return undefined;
    first++;
    if (first > 1_000 && first * 2 > bodies.length) {
      bodies = bodies.slice(first);
      first = 0;
    }
    waitingBytes -= body.bytes.length;
    return body;
  }

  function add(topic: Topic, texts: readonly string[]): void {
    const bytes = Buffer.from(`[${texts.join(",")}]`, "utf8");
    bodies.push({ topic, bytes, messages: texts.length });
    waitingBytes += bytes.length;
  }

  // O1
  function pack(): void {
    immediate = undefined;
    const messages = turn;
    turn = [];
    let topic: Topic | undefined;
    let texts: string[] = [];
    let length = 0;
    const close = () => {
      if (topic !== undefined && texts.length > 0) add(topic, texts);
      texts = [];
      length = 0;
    };
    for (const message of messages) {
      const text = textOf(message);
      if (text === undefined) continue;
      if (message.topic !== topic || length + text.length > PACK_BYTES) close();
      topic = message.topic;
      texts.push(text);
      length += text.length;
    }
    close();
    pump();
    // O2
    while (waitingBytes > MAX_WAITING_BYTES || bodies.length - first > MAX_WAITING) dropped += take()?.messages ?? 0;
  }

  function textOf(message: Message): string | undefined {
    try {
      return JSON.stringify(message);
    } catch (error) {
      onUnsent(message.topic, String(error));
      return undefined;
    }
  }

  function pump(): void {
    while (link.isUp && underWay < WINDOW_BYTES) {
      const body = take();
      if (!body) return;
      const frames = framesOf({ sender, kind: "say", number: ++number }, body.bytes, link.maxPayload);
      if (!frames) {
        onUnsent(body.topic, `${body.bytes.length} bytes are more than can be told`);
        continue;
      }
      const subject = subjectOf(body.topic);
      if (!frames.every((frame) => link.publish(subject, frame))) {
        dropped += body.messages;
        continue;
      }
      sent.messages += body.messages;
      sent.bodies++;
      sent.bytes += body.bytes.length;
      underWay += body.bytes.length;
      sinceMark += body.bytes.length;
      if (sinceMark >= MARK_BYTES) mark();
    }
  }

  /** The server answers a ping after all that was sent before it. */
  function mark(): void {
    const [marked, now] = [sinceMark, era];
    sinceMark = 0;
    const taken = () => {
      if (era !== now) return;
      underWay -= marked;
      pump();
    };
    // A failure means that the connection was lost, which `reset` is told as well; should it not be, nothing stops here.
    link.flush().then(taken, taken);
  }

  return {
    say(message) {
      turn.push(message);
      immediate ??= setImmediate(pack);
    },
    pump() {
      if (immediate) {
        clearImmediate(immediate);
        pack();
      } else pump();
    },
    reset() {
      era++;
      underWay = 0;
      sinceMark = 0;
    },
    get waiting() {
      return { bodies: bodies.length - first, bytes: waitingBytes };
    },
    get sent() {
      return { ...sent };
    },
    get dropped() {
      return dropped;
    },
  };
}
