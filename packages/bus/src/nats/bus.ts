import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { JsonObject } from "@squall/model";
import { closed, createAnswering } from "../answering.ts";
import { createLocalBus } from "../local/bus.ts";
import type { Bus, Message, Topic } from "../port.ts";
import { type NatsCredentials, readNatsAddresses } from "./address.ts";
import { type ArtifactLimits, createArtifacts } from "./artifacts.ts";
import { createAsking } from "./asking.ts";
import { createAssembler, readFrame } from "./frames.ts";
import { createInterest } from "./interest.ts";
import { openLink } from "./link.ts";
import { readMessages } from "./messages.ts";
import { createOutbox } from "./outbox.ts";
import { authenticatorOf, checkTls, type NatsTls } from "./sign-in.ts";
import { subjectsOf } from "./subjects.ts";

export interface NatsBusOptions {
  /** `nats://host:4222`, `tls://host:4222`; a user and password or a token in one of them count for all. */
  readonly urls: readonly string[];
  /** Name of the cluster: members of one hear each other, several may share NATS. Letters, digits, `-`, `_`. */
  readonly cluster: string;
  readonly tls?: NatsTls;
  /** Instead of those in the addresses. */
  readonly credentials?: NatsCredentials;
  /** Hears what a listener threw, or what its promise was rejected with. Must not throw. */
  readonly onError: (error: unknown, message: Message) => void;
  /** Hears what whoever runs the process should know. Must not throw. */
  readonly say: (level: "info" | "warn", details: JsonObject, text: string) => void;
  readonly artifacts?: ArtifactLimits;
}

export interface NatsBus extends Bus {
  /**
   * Waits until a server has taken what was published and subscribed so far. False when none has within `timeoutMs`:
   * nothing needs to be done about it then, it goes on by itself.
   */
  settled(timeoutMs: number): Promise<boolean>;
}

const MAX_ASSEMBLING_BYTES = 64 * 1024 * 1024;
const PATIENCE_MS = 30_000;
/** Between two lines of the log about what is broken. */
const QUIET_MS = 60_000;
const ARTIFACTS: ArtifactLimits = { maxBytes: 1024 * 1024 * 1024, keepMs: 7 * 24 * 60 * 60 * 1000, replicas: 3 };

/**
 * The bus of many processes, over NATS. It works without a server as well, alone: what this process says its own
 * listeners hear at once and in order, whatever becomes of the connection.
 *
 * @throws Invalid when an address, the cluster's name, credentials or certificates cannot be used; never because no server answers
 */
export function createNatsBus(options: NatsBusOptions): NatsBus {
  const { onError, say } = options;
  const address = readNatsAddresses(options.urls);
  const subjects = subjectsOf(options.cluster);
  const credentials = options.credentials ?? address.credentials;
  const authenticator = credentials && authenticatorOf(credentials);
  const tls = options.tls ?? (address.tls ? {} : undefined);
  if (tls) checkTls(tls);
  const sender = randomBytes(12).toString("base64url");
  const now = () => performance.now();

  const local = createLocalBus({ onError });
  const answering = createAnswering();
  const closing = new AbortController();
  const assembler = createAssembler({ maxBytes: MAX_ASSEMBLING_BYTES, patienceMs: PATIENCE_MS, now });
  const topics = new Map<Topic, { listeners: number; readonly stop: () => void }>();
  const counts = { heard: 0, broken: 0, unsent: 0 };
  let upAgain = Promise.withResolvers<void>();
  let quietUntil = Number.NEGATIVE_INFINITY;

  const complain = (details: JsonObject, text: string): void => {
    if (now() < quietUntil) return;
    quietUntil = now() + QUIET_MS;
    say("warn", details, text);
  };
  const link = openLink({
    servers: address.servers,
    ...(tls && { tls }),
    ...(authenticator && { authenticator }),
    name: `squall ${options.cluster} on ${hostname()}, process ${process.pid}`,
    prefix: subjects.prefix,
    inbox: subjects.inbox,
    say,
    onUp() {
      interest.up();
      outbox.pump();
      upAgain.resolve();
    },
    onDown() {
      outbox.reset();
      upAgain = Promise.withResolvers();
    },
  });
  const outbox = createOutbox({
    sender,
    subjectOf: subjects.say,
    link,
    onUnsent(topic, why) {
      counts.unsent++;
      complain(
        { topic, why, unsent: counts.unsent },
        "a message cannot be told to other processes; they find it in the store",
      );
    },
  });
  const interest = createInterest({ link, subjectOf: subjects.want, now });
  const onBroken = (what: string): void => {
    counts.broken++;
    complain({ what, broken: counts.broken }, "something on our subjects of NATS cannot be read and was left out");
  };
  const asking = createAsking({
    sender,
    subjects,
    link,
    answering,
    assembler,
    closing: closing.signal,
    onBroken,
  });
  const artifacts = createArtifacts({
    link,
    bucket: subjects.bucket,
    limits: options.artifacts ?? ARTIFACTS,
    say,
    now,
  });

  function hear(topic: Topic, data: Uint8Array): void {
    const frame = readFrame(data);
    if (frame?.kind !== "say") return onBroken(topic);
    // After a reconnect the server may give us back what the older connection said.
    if (frame.sender === sender) return;
    const body = assembler.add(frame);
    if (body === "waiting") return;
    if (body === "broken") return onBroken(topic);
    const { messages, broken } = readMessages(topic, body);
    for (let one = 0; one < broken; one++) onBroken(topic);
    counts.heard += messages.length;
    for (const message of messages) local.publish(message);
  }

  return {
    publish(message) {
      if (closing.signal.aborted) return;
      local.publish(message);
      if (interest.isThere(message.topic)) outbox.say(message);
    },
    subscribe(wanted, listener) {
      const leaveLocal = local.subscribe(wanted, listener);
      if (closing.signal.aborted) return leaveLocal;
      for (const topic of wanted) {
        const there = topics.get(topic);
        if (there) there.listeners++;
        else {
          topics.set(topic, {
            listeners: 1,
            stop: link.subscribe(subjects.say(topic), ({ data }) => hear(topic, data)),
          });
          interest.listens(topic);
        }
      }
      let isOver = false;
      return () => {
        leaveLocal();
        if (isOver) return;
        isOver = true;
        for (const topic of wanted) {
          const there = topics.get(topic);
          if (!there || --there.listeners > 0) continue;
          there.stop();
          topics.delete(topic);
          interest.left(topic);
        }
      };
    },
    request: (to, question, asked) => asking.request(to, question, asked),
    serve: (at, answer, { atOnce }) => asking.serve(at, answer, atOnce),
    artifacts,
    health() {
      const { ok, details } = link.health();
      return {
        ok,
        details: {
          bus: "nats",
          ...details,
          waiting: outbox.waiting,
          sent: outbox.sent,
          dropped: outbox.dropped,
          ...counts,
          asked: asking.asked,
          answering: answering.underWay,
          artifacts: artifacts.state,
        },
      };
    },
    async settled(timeoutMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<false>((resolve) => {
        timer = setTimeout(resolve, timeoutMs, false);
      });
      const taken = async (): Promise<boolean> => {
        if (!link.isUp) await upAgain.promise;
        outbox.pump();
        return link.flush().then(
          () => true,
          () => false,
        );
      };
      try {
        return await Promise.race([taken(), late]);
      } finally {
        clearTimeout(timer);
      }
    },
    /** Says what waits, if there is a connection; what is asked and answered ends. */
    async [Symbol.asyncDispose]() {
      if (closing.signal.aborted) return;
      outbox.pump();
      interest.close();
      answering.close();
      closing.abort(closed());
      await local[Symbol.asyncDispose]();
      await link.close();
    },
  };
}
