import { connect as connectSocket, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { messageOf } from "@squall/model";
import ssh2 from "ssh2";
import { explainConnect, SshFailure, sayWhere } from "./failure.ts";
import type { KnownHosts } from "./known-hosts.ts";
import type { Target } from "./target.ts";

/** A signed-in connection to one host. */
export interface Connection {
  readonly target: Target;
  /** False once it broke or was closed. */
  readonly isOpen: boolean;
  readonly client: ssh2.Client;
  /** A connection to somewhere else, made by the host. */
  forward(host: string, port: number): Promise<Duplex>;
  /** An idle connection must not keep the process alive. */
  hold(inUse: boolean): void;
  /** Calls once, when it is no longer open, with what broke it, if that is known. Gives a function that takes it back. */
  onClosed(listener: (reason: string | undefined) => void): () => void;
  close(): void;
}

/**
 * Fast and safe algorithms first: the cost of a run on many hosts is mostly their handshakes. AES-GCM is done by OpenSSL as
 * a whole, chacha20-poly1305 half in WebAssembly. No SHA-1 key exchange or signatures.
 */
const ALGORITHMS = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group-exchange-sha256",
  ],
  cipher: [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
  ],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
} satisfies ssh2.Algorithms;
const HOST_KEYS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
] satisfies ssh2.ServerHostKeyAlgorithm[];

/**
 * A host that vanished without a word is noticed by TCP some ten seconds after this. ssh2's own keep-alive would keep the
 * process alive as well.
 */
const KEEPALIVE_MS = 15_000;

export interface ConnectOptions {
  readonly knownHosts: KnownHosts;
  readonly connectMs: number;
  readonly signal: AbortSignal;
  /** The way to the host when it is not the network itself: a connection that a bastion made. */
  readonly through?: Duplex;
}

/** Connects and signs in. Throws SshFailure in words for whoever reads the result; rejects with the reason on abort. */
export async function openConnection(target: Target, options: ConnectOptions): Promise<Connection> {
  options.signal.throwIfAborted();
  try {
    const way = options.through ?? (await openSocket(target, options));
    return await signIn(target, way, options);
  } catch (thrown) {
    options.signal.throwIfAborted();
    throw explainConnect(target, thrown);
  }
}

async function openSocket(target: Target, { connectMs, signal }: ConnectOptions): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connectSocket({
    host: target.host,
    port: target.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_MS,
  });
  const stop = () => socket.destroy(new Error("stopped"));
  const timer = setTimeout(() => socket.destroy(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })), connectMs);
  signal.addEventListener("abort", stop, { once: true });
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("the connection was closed")));
  socket.once("connect", () => resolve(socket));
  try {
    await promise;
    socket.off("error", reject);
    return socket;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

async function signIn(target: Target, way: Duplex, options: ConnectOptions): Promise<Connection> {
  const client = new ssh2.Client();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const listeners = new Set<(reason: string | undefined) => void>();
  let isOpen = true;
  let reason: string | undefined;
  let hostRefusal: string | undefined;
  let hostKey: Buffer | undefined;
  client.on("error", (error) => {
    // One key of several that an agent cannot sign with is no reason to give up; the last word is about all of them.
    if ("level" in error && error.level === "agent") return;
    reason ??= error.message;
    reject(
      hostRefusal === undefined ? error : new SshFailure("runner.ssh.host-key", { message: hostRefusal, cause: error }),
    );
  });
  client.on("close", () => {
    isOpen = false;
    way.destroy();
    reject(new Error("Connection lost before handshake"));
    for (const listener of listeners) listener(reason);
    listeners.clear();
  });
  // Before this the host has only shown a key, not proved that it is its own.
  client.once("handshake", () => {
    if (hostKey === undefined) return;
    try {
      options.knownHosts.keep(target.host, target.port, hostKey);
    } catch (thrown) {
      const message = `the key of ${sayWhere(target)} cannot be remembered: ${messageOf(thrown)}`;
      reject(new SshFailure("runner.ssh.host-key", { message, cause: thrown }));
    }
  });
  client.on("ready", () => resolve());
  const stop = () => {
    reject(options.signal.reason);
    way.destroy();
  };
  options.signal.addEventListener("abort", stop, { once: true });
  try {
    client.connect({
      sock: way,
      username: target.user,
      authHandler: [...authMethods(target)],
      algorithms: { ...ALGORITHMS, serverHostKey: hostKeyOrder(options.knownHosts.typesOf(target.host, target.port)) },
      readyTimeout: options.connectMs,
      hostVerifier: (key: Buffer) => {
        hostKey = key;
        hostRefusal = options.knownHosts.refusal(target.host, target.port, key);
        return hostRefusal === undefined;
      },
    });
    await promise;
  } catch (thrown) {
    client.destroy();
    way.destroy();
    throw thrown;
  } finally {
    options.signal.removeEventListener("abort", stop);
  }
  return {
    target,
    client,
    get isOpen() {
      return isOpen;
    },
    forward: (host, port) =>
      new Promise((done, failed) =>
        client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
          if (error === undefined) done(channel);
          else failed(cannotForward(target, host, port, error));
        }),
      ),
    hold: (inUse) => {
      if ("unref" in way) (way as Socket)[inUse ? "ref" : "unref"]();
    },
    onClosed: (listener) => {
      if (isOpen) listeners.add(listener);
      else listener(reason);
      return () => void listeners.delete(listener);
    },
    close: () => {
      client.end();
      // A peer that does not answer the goodbye keeps nothing of ours open.
      way.destroy();
    },
  };
}

function cannotForward(bastion: Target, host: string, port: number, error: Error): SshFailure {
  return new SshFailure("runner.ssh.bastion", {
    message: `the bastion ${sayWhere(bastion)} cannot reach ${host}:${port}: ${error.message}`,
    cause: error,
  });
}

function* authMethods(target: Target): Generator<ssh2.AnyAuthMethod> {
  const username = target.user;
  for (const { key } of target.keys) yield { type: "publickey", username, key };
  if (target.agent !== undefined) yield { type: "agent", username, agent: target.agent };
  const { password } = target;
  if (password === undefined) return;
  yield { type: "password", username, password };
  // Many hosts ask for passwords only this way (PAM). Every question that hides its answer is taken for the password.
  yield {
    type: "keyboard-interactive",
    username,
    prompt: (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.map((prompt) => (prompt.echo === true ? "" : password))),
  };
}

/** Asks a known host for a key of the type that it is known with: one of another type could not be compared. */
function hostKeyOrder(known: readonly string[]): ssh2.ServerHostKeyAlgorithm[] {
  const isKnown = (algorithm: string) => known.includes(algorithm.startsWith("rsa-sha2-") ? "ssh-rsa" : algorithm);
  return [...HOST_KEYS.filter(isKnown), ...HOST_KEYS.filter((algorithm) => !isKnown(algorithm))];
}
