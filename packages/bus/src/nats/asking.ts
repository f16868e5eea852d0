import { randomBytes } from "node:crypto";
import { isObject, type JsonObject, TooLarge, Unavailable } from "@squall/model";
import type { Msg } from "@nats-io/transport-node";
import { type Answering, askWithin, closed, nobody } from "../answering.ts";
import type { Answer, RequestOptions } from "../port.ts";
import { type Assembler, framesOf, LARGEST_BODY, readFrame } from "./frames.ts";
import type { Link } from "./link.ts";
import type { Subjects } from "./subjects.ts";
import { readThrown, writeThrown } from "./thrown.ts";

export interface AskingOptions {
  readonly sender: string;
  readonly subjects: Subjects;
  readonly link: Link;
  readonly answering: Answering;
  readonly assembler: Assembler;
  readonly closing: AbortSignal;
  readonly onBroken: (what: string) => void;
}

/**
 * Questions and answers between processes. A question goes to the subject of its address and names where its answer is
 * awaited; the server says at once when nobody listens there. Who asks and serves in one process needs no server.
 *
 * A1  A question is answered by one frame or more of kind `answer` or `error`, or not at all; an answerer whose process
 *     stops says so.
 * A2  An answerer stops by itself when its asker's time is over, whether or not it hears that nobody waits any more.
 */
export interface Asking {
  request(address: string, question: JsonObject, options: RequestOptions): Promise<JsonObject>;
  serve(address: string, answer: Answer, atOnce: number): () => void;
  readonly asked: number;
}

interface Waiting {
  readonly settle: (answer: JsonObject | Error) => void;
  readonly address: string;
}

/** Answering goes on a little longer than the asker waits: its question took a while to come. */
const GRACE_MS = 1_000;
const NO_RESPONDERS = 503;

export function createAsking(options: AskingOptions): Asking {
  const { sender, subjects, link, answering, assembler, closing, onBroken } = options;
  const waiting = new Map<string, Waiting>();
  /** Questions of others that are being answered. */
  const answered = new Map<string, { readonly over: AbortController; end(reason: Error): void }>();
  // Nobody can guess where our answers come, and a late answer of an older life is none of ours.
  const answers = subjects.answers(randomBytes(12).toString("base64url"));
  let unsubscribe: (() => void) | undefined;
  let number = 0;
  closing.addEventListener(
    "abort",
    () => {
      unsubscribe?.();
      for (const one of answered.values()) one.end(closed());
    },
    { once: true },
  );

  function hear(message: Msg): void {
    const key = message.subject.slice(answers.length + 1);
    const one = waiting.get(key);
    if (!one) return;
    if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) return one.settle(nobody(one.address));
    const frame = readFrame(message.data);
    if (!frame || (frame.kind !== "answer" && frame.kind !== "error")) return onBroken("an answer");
    const body = assembler.add(frame);
    if (body === "waiting") return;
    const answer = body === "broken" ? undefined : parse(body);
    if (answer) return one.settle(frame.kind === "answer" ? answer : readThrown(answer));
    onBroken("an answer");
    one.settle(new Unavailable("bus.no-answer", { message: `what '${one.address}' answered cannot be read` }));
  }

  async function ask(
    address: string,
    question: JsonObject,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<JsonObject> {
    const subject = subjects.ask(address);
    if (!link.isUp)
      throw new Unavailable("bus.no-answer", {
        message: `'${address}' cannot be asked: there is no connection to NATS`,
      });
    unsubscribe ??= link.subscribe(`${answers}.*`, hear);
    const mine = ++number;
    const body = Buffer.from(JSON.stringify(question), "utf8");
    const frames = framesOf(
      { sender, kind: "ask", number: mine, timeoutMs: Math.min(Math.ceil(timeoutMs), 2 ** 31 - 1) },
      body,
      link.maxPayload,
    );
    if (!frames) throw tooLarge(`the question to '${address}'`, body.length);
    const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
    waiting.set(String(mine), {
      address,
      settle: (answer) => (answer instanceof Error ? reject(answer) : resolve(answer)),
    });
    const stop = () => {
      reject(signal.reason);
      const [frame] = framesOf({ sender, kind: "stop", number: mine }, new Uint8Array(), link.maxPayload) ?? [];
      if (frame) link.publish(subject, frame);
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      if (!frames.every((frame) => link.publish(subject, frame, `${answers}.${mine}`))) throw nobody(address);
      return await promise;
    } finally {
      waiting.delete(String(mine));
      signal.removeEventListener("abort", stop);
    }
  }

  function answerTo(address: string): (message: Msg) => void {
    return (message) => {
      const frame = readFrame(message.data);
      if (!frame || (frame.kind !== "ask" && frame.kind !== "stop")) return onBroken("a question");
      const key = `${frame.sender} ${frame.number}`;
      if (frame.kind === "stop") return answered.get(key)?.over.abort();
      const body = assembler.add(frame);
      if (body === "waiting") return;
      const question = body === "broken" ? undefined : parse(body);
      const reply = message.reply;
      if (!question || !reply || !subjects.isForAnswers(reply) || answered.has(key)) return onBroken("a question");
      void answer(address, question, { key, reply, timeoutMs: frame.timeoutMs, number: frame.number });
    };
  }

  /** Never rejects. */
  async function answer(
    address: string,
    question: JsonObject,
    { key, reply, timeoutMs, number: of }: { key: string; reply: string; timeoutMs: number; number: number },
  ): Promise<void> {
    const over = new AbortController();
    // A2
    const timer = setTimeout(() => over.abort(), Math.min(timeoutMs + GRACE_MS, 2 ** 31 - 1));
    over.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    const send = (kind: "answer" | "error", value: JsonObject): void => {
      const body = Buffer.from(JSON.stringify(value), "utf8");
      const frames = framesOf({ sender, kind, number: of }, body, link.maxPayload);
      if (!frames && kind === "answer") throw tooLarge(`the answer of '${address}'`, body.length);
      for (const frame of frames ?? []) link.publish(reply, frame);
    };
    answered.set(key, {
      over,
      end(reason) {
        send("error", writeThrown(reason));
        over.abort(reason);
      },
    });
    try {
      const value = await answering.answer(address, question, over.signal);
      if (!over.signal.aborted) send("answer", value);
    } catch (thrown) {
      if (!over.signal.aborted) send("error", writeThrown(thrown));
    } finally {
      clearTimeout(timer);
      answered.delete(key);
    }
  }

  return {
    request: (address, question, asking) =>
      askWithin(address, asking, closing, (signal) =>
        answering.serves(address)
          ? answering.answer(address, question, signal)
          : ask(address, question, asking.timeoutMs, signal),
      ),
    serve(address, answerer, atOnce) {
      const subject = subjects.ask(address);
      const leave = answering.serve(address, answerer, atOnce);
      const stop = link.subscribe(subject, answerTo(address));
      return () => {
        stop();
        leave();
      };
    },
    get asked() {
      return number;
    },
  };
}

function parse(body: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function tooLarge(what: string, bytes: number): TooLarge {
  return new TooLarge("bus.too-large", { message: `${what} has ${bytes} bytes; the bus carries ${LARGEST_BODY}` });
}
