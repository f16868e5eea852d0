import { messageOf, type JsonObject } from "@squall/model";
import {
  type Authenticator,
  connect,
  type Msg,
  type NatsConnection,
  type NodeConnectionOptions,
  PermissionViolationError,
  type Subscription,
} from "@nats-io/transport-node";
import { whyUnreached } from "./advice.ts";
import { type NatsTls, oneOf } from "./sign-in.ts";

/** Says what whoever runs the process should know; never holds anything secret. */
export type Say = (level: "info" | "warn", details: JsonObject, text: string) => void;

export interface LinkOptions {
  readonly servers: readonly string[];
  readonly tls?: NatsTls;
  readonly authenticator?: Authenticator;
  /** What all our subjects begin with: the health says nothing of others that we may not use (JetStream's). */
  readonly prefix: string;
  /** How the servers' monitoring shows us. */
  readonly name: string;
  readonly inbox: string;
  readonly say: Say;
  readonly onUp: () => void;
  readonly onDown: () => void;
}

/**
 * A connection that is kept up for ever.
 *
 * L1  Nothing here waits for a server, not even at the start: what cannot be sent now is refused at once.
 * L2  What was subscribed is subscribed on every new connection, until it is taken back. What the server does not allow
 *     is asked for again now and then, since rights change while it runs.
 * L3  While there is no server it is looked for with growing, random pauses, so that a cluster that comes back is not
 *     met by everybody at once.
 * L4  What a listener throws stays here: in the client's reader it would end the reading for ever, without a word.
 */
export interface Link {
  readonly isUp: boolean;
  /** Largest message that the server takes, in bytes. */
  readonly maxPayload: number;
  /** The client's own object while there is a connection, for what is built on it (JetStream). */
  readonly connection: NatsConnection | undefined;
  /** False when it cannot be sent now. */
  publish(subject: string, payload: Uint8Array, reply?: string): boolean;
  subscribe(subject: string, listener: (message: Msg) => void): () => void;
  /** Resolves when the server has taken what was sent and asked for before. @throws when the connection is lost first */
  flush(): Promise<void>;
  health(): { readonly ok: boolean; readonly details: JsonObject };
  close(): Promise<void>;
}

const CONNECT_MS = 5_000;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A peer that vanished without a word is noticed after two of these. */
const PING_MS = 4_000;
const ASK_AGAIN_MS = 30_000;
/** A refusal that was not repeated for so long is over. */
const REFUSED_MS = ASK_AGAIN_MS * 1.5;
const MOST_REFUSED = 100;
const LAST_WORDS_MS = 1_000;
const DEFAULT_MAX_PAYLOAD = 1024 * 1024;

interface Wanted {
  readonly subject: string;
  readonly listener: (message: Msg) => void;
  subscription?: Subscription | undefined;
  again?: NodeJS.Timeout | undefined;
  isOver: boolean;
}

export function openLink(options: LinkOptions): Link {
  const { say } = options;
  const wanted = new Set<Wanted>();
  const closing = new AbortController();
  let connection: NatsConnection | undefined;
  let isUp = false;
  let maxPayload = DEFAULT_MAX_PAYLOAD;
  let connects = 0;
  /** Attempts since there was a connection. */
  let attempts = 0;
  let problem: string | undefined;
  /** Subjects that we may not use, and when that was said last. */
  const refused = new Map<string, number>();

  function up(): void {
    isUp = true;
    attempts = 0;
    connects++;
    problem = undefined;
    refused.clear();
    maxPayload = connection?.info?.max_payload ?? DEFAULT_MAX_PAYLOAD;
    // L2: another server, or the same one with other rights.
    for (const one of wanted) if (!one.subscription) ask(one);
    say("info", { server: connection?.getServer() ?? "", connects }, "connected to NATS");
    options.onUp();
  }

  function down(why: string): void {
    problem = why;
    if (!isUp) return;
    isUp = false;
    say("warn", { why }, "lost the connection to NATS; it is looked for again");
    options.onDown();
  }

  function attempted(why: string): void {
    // Each reason once: a server that is away for a night is one line.
    if (problem !== why)
      say("warn", { servers: options.servers.join(" "), why }, isUp ? "NATS complains" : "NATS cannot be reached");
    problem = why;
  }

  // L2
  function ask(one: Wanted): void {
    clearTimeout(one.again);
    one.again = undefined;
    one.subscription = undefined;
    if (!connection || connection.isClosed() || one.isOver) return;
    one.subscription = connection.subscribe(one.subject, {
      callback(error, message) {
        if (!error) return hear(one, message);
        one.subscription = undefined;
        refuse(one.subject, error.message);
        if (one.isOver) return;
        one.again = setTimeout(() => ask(one), ASK_AGAIN_MS);
        one.again.unref();
      },
    });
  }

  // L4
  function hear(one: Wanted, message: Msg): void {
    if (one.isOver) return;
    try {
      one.listener(message);
    } catch (error) {
      say("warn", { subject: one.subject, why: messageOf(error) }, "a message of NATS could not be dealt with");
    }
  }

  function refuse(subject: string, why: string): void {
    if (!subject.startsWith(options.prefix)) return;
    const isNew = !refused.has(subject);
    if (isNew && refused.size >= MOST_REFUSED) return;
    refused.set(subject, performance.now());
    if (isNew)
      say("warn", { subject, why }, "NATS does not allow what the bus needs; see the permissions in the manual");
  }

  function refusedNow(): string[] {
    const since = performance.now() - REFUSED_MS;
    for (const [subject, at] of refused) if (at < since) refused.delete(subject);
    return [...refused.keys()];
  }

  async function watch(on: NatsConnection): Promise<void> {
    for await (const status of on.status()) {
      switch (status.type) {
        case "disconnect":
          down("the connection ended");
          break;
        case "reconnecting":
          attempts++;
          break;
        case "reconnect":
          up();
          break;
        case "error":
          if (status.error instanceof PermissionViolationError) refuse(status.error.subject, status.error.message);
          else attempted(whyUnreached(status.error));
          break;
        default:
          break;
      }
    }
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        attempts++;
        const opened = await connect(connectionOptions(options, () => pauseMs(attempts / options.servers.length)));
        if (closing.signal.aborted) return await opened.close();
        connection = opened;
        const watched = watch(opened);
        for (const one of wanted) one.subscription = undefined;
        up();
        // The client reconnects by itself; it gives up only for reasons that another start may not have.
        const ended = await opened.closed();
        await watched;
        connection = undefined;
        down(ended ? whyUnreached(ended) : "the connection was closed");
      } catch (error) {
        attempted(whyUnreached(error));
      }
      await pause(pauseMs(attempts), closing.signal);
    }
  }
  const running = run();

  return {
    get isUp() {
      return isUp;
    },
    get maxPayload() {
      return maxPayload;
    },
    get connection() {
      return isUp ? connection : undefined;
    },
    publish(subject, payload, reply) {
      if (!isUp || !connection || connection.isClosed()) return false;
      try {
        connection.publish(subject, payload, reply === undefined ? undefined : { reply });
        return true;
      } catch (error) {
        // Another server of the cluster may take less than the one before.
        attempted(messageOf(error));
        return false;
      }
    },
    subscribe(subject, listener) {
      const one: Wanted = { subject, listener, isOver: false };
      wanted.add(one);
      ask(one);
      return () => {
        one.isOver = true;
        wanted.delete(one);
        clearTimeout(one.again);
        if (one.subscription && !one.subscription.isClosed()) one.subscription.unsubscribe();
      };
    },
    async flush() {
      if (!isUp || !connection) throw new Error(problem ?? "there is no connection to NATS");
      await connection.flush();
    },
    health() {
      const denied = refusedNow();
      return {
        ok: isUp && denied.length === 0,
        details: {
          connected: isUp,
          ...(isUp && connection && { server: connection.getServer(), version: connection.info?.version ?? "" }),
          ...(!isUp && problem !== undefined && { problem }),
          ...(denied.length > 0 && { refused: denied }),
          connects,
        },
      };
    },
    async close() {
      closing.abort();
      for (const one of wanted) clearTimeout(one.again);
      // A server that froze takes nothing and says nothing: nobody waits for it longer than this.
      const enough = new AbortController();
      const late = pause(LAST_WORDS_MS, enough.signal);
      if (connection) {
        if (isUp) await Promise.race([connection.flush().catch(() => undefined), late]);
        isUp = false;
        await Promise.race([connection.close(), late]);
      }
      // An attempt under way cannot be called back; it closes what it opened by itself.
      await Promise.race([running, late]);
      enough.abort();
    },
  };
}

// L3
function pauseMs(attempts: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** Math.min(attempts, 16));
  return Math.ceil(longest * (0.5 + Math.random() / 2));
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}

function connectionOptions(options: LinkOptions, reconnectDelayHandler: () => number): NodeConnectionOptions {
  // What of it the client does not know it hands on to Node.
  const tls = options.tls && { ...options.tls, checkServerIdentity: oneOf(options.servers) };
  return {
    servers: [...options.servers],
    name: options.name,
    // What is said here is heard here without the server.
    noEcho: true,
    inboxPrefix: options.inbox,
    timeout: CONNECT_MS,
    pingInterval: PING_MS,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler,
    ...(tls && { tls }),
    ...(options.authenticator && { authenticator: options.authenticator }),
  };
}
