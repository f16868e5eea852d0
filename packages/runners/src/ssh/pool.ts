import type { Duplex } from "node:stream";
import { type Connection, openConnection } from "./connection.ts";
import { SshFailure, sayWhere } from "./failure.ts";
import { createKnownHosts } from "./known-hosts.ts";
import type { SshSettings } from "./settings.ts";
import type { Target } from "./target.ts";

/*
 * Connections, kept for the next execution that signs in to the same host in the same way.
 *
 * P1: a connection is given to one user at a time; several at once on one host have several connections.
 * P2: it is given again only for the same `Target.id`: same address, user, password, keys, agent and bastion.
 * P3: never more than `connections` are open or being opened. An idle one makes room for another host; else one waits.
 * P4: idle ones close after `idleMs` and do not keep the process alive.
 * P5: connections to bastions are shared by all that pass through them, live as long as one does, and do not count in
 *     P3, since whoever holds a place for a host must never wait for a second one.
 */
export interface SshPool extends AsyncDisposable {
  /** A connection to the target. Throws SshFailure; rejects with the signal's reason on abort. */
  acquire(target: Target, signal: AbortSignal): Promise<Connection>;
  /** Gives it back. `reuse: false` closes it: something may still run on it. */
  release(connection: Connection, reuse: boolean): void;
  /** How many are open or being opened, those to bastions aside. */
  readonly size: number;
}

interface Idle {
  readonly connection: Connection;
  readonly timer: NodeJS.Timeout;
}

interface Bastion {
  readonly connection: Promise<Connection>;
  opened?: Connection;
  users: number;
}

export function createSshPool(settings: SshSettings): SshPool {
  const knownHosts = createKnownHosts(settings.knownHostsFile, settings.hostKeys);
  /** Least recently used first. */
  const idle = new Set<Idle>();
  const bastions = new Map<string, Bastion>();
  const waiting: (() => void)[] = [];
  /** Closed, but not yet gone. */
  const leaving = new Set<Promise<void>>();
  const closing = new AbortController();
  let places = 0;

  /** Those to bastions keep the process alive as long as any connection is in use (P4). */
  const holdBastions = (): void => {
    for (const { opened } of bastions.values()) opened?.hold(places > idle.size);
  };
  const leave = (): void => {
    places--;
    holdBastions();
    waiting.shift()?.();
  };
  const close = (connection: Connection): void => {
    const gone = new Promise<void>((done) => connection.onClosed(() => done()));
    leaving.add(gone);
    void gone.then(() => leaving.delete(gone));
    // What is unreferenced may not get to say goodbye: the process could end before.
    connection.hold(true);
    holdBastions();
    connection.close();
  };
  const take = (one: Idle): Connection => {
    idle.delete(one);
    clearTimeout(one.timer);
    return one.connection;
  };

  /** Waits for a place (P3). Whoever is woken looks again: another may have been quicker. */
  async function enter(signal: AbortSignal): Promise<void> {
    while (places >= settings.connections) {
      const [oldest] = idle;
      if (oldest !== undefined) {
        close(take(oldest));
        continue;
      }
      const turn = Promise.withResolvers<void>();
      const wake = () => turn.resolve();
      waiting.push(wake);
      signal.addEventListener("abort", wake, { once: true });
      await turn.promise;
      signal.removeEventListener("abort", wake);
      if (waiting.includes(wake)) waiting.splice(waiting.indexOf(wake), 1);
      if (signal.aborted) {
        // The turn may have been ours; it must not be lost.
        waiting.shift()?.();
        throw signal.reason;
      }
    }
    places++;
  }

  const connect = (target: Target, signal: AbortSignal, through?: Duplex): Promise<Connection> =>
    openConnection(target, {
      knownHosts,
      connectMs: settings.connectMs,
      signal,
      ...(through !== undefined && { through }),
    });

  async function open(target: Target, signal: AbortSignal): Promise<Connection> {
    if (target.bastion === undefined) return connect(target, signal);
    const bastion = target.bastion;
    const held = await holdBastion(bastion, signal);
    const leaveBastion = () => letGo(bastion.id, held);
    try {
      const through = await held.connection.then((connection) => connection.forward(target.host, target.port));
      const connection = await connect(target, signal, through);
      connection.onClosed(leaveBastion);
      return connection;
    } catch (thrown) {
      leaveBastion();
      throw thrown;
    }
  }

  async function holdBastion(target: Target, signal: AbortSignal): Promise<Bastion> {
    let found = bastions.get(target.id);
    if (found === undefined) {
      // Many wait for this one; it must not fail because the first of them was stopped.
      const made: Bastion = { connection: connect(target, closing.signal), users: 0 };
      const forget = () => {
        if (bastions.get(target.id) === made) bastions.delete(target.id);
      };
      made.connection.then((connection) => {
        made.opened = connection;
        connection.onClosed(forget);
      }, forget);
      bastions.set(target.id, made);
      found = made;
    }
    found.users++;
    try {
      await orAbort(found.connection, signal);
    } catch (thrown) {
      letGo(target.id, found);
      if (thrown instanceof SshFailure)
        throw new SshFailure("runner.ssh.bastion", { message: `the bastion ${thrown.message}`, cause: thrown });
      throw thrown;
    }
    return found;
  }

  function letGo(id: string, bastion: Bastion): void {
    if (--bastion.users > 0) return;
    if (bastions.get(id) === bastion) bastions.delete(id);
    bastion.connection.then(
      (connection) => connection.close(),
      () => {},
    );
  }

  return {
    get size() {
      return places;
    },
    async acquire(target, signal) {
      signal.throwIfAborted();
      closing.signal.throwIfAborted();
      for (const one of [...idle].toReversed()) {
        if (one.connection.target.id !== target.id || !one.connection.isOpen) continue;
        const connection = take(one);
        connection.hold(true);
        holdBastions();
        return connection;
      }
      const either = AbortSignal.any([signal, closing.signal]);
      await enter(either);
      try {
        const connection = await open(target, either);
        connection.onClosed(() => {
          for (const one of idle) if (one.connection === connection) take(one);
          leave();
        });
        return connection;
      } catch (thrown) {
        leave();
        throw thrown;
      }
    },
    release(connection, reuse) {
      if (!connection.isOpen) return;
      if (!reuse || settings.idleMs <= 0 || closing.signal.aborted) {
        close(connection);
        return;
      }
      connection.hold(false);
      const timer = setTimeout(() => close(connection), settings.idleMs).unref();
      idle.add({ connection, timer });
      holdBastions();
      // Whoever waits for a place may have this one's (P3).
      waiting.shift()?.();
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Error("the pool of SSH connections is closed"));
      for (const one of idle) close(take(one));
      await Promise.all(leaving);
    },
  };
}

async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = Promise.withResolvers<never>();
  const abort = () => stop.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([promise, stop.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** For messages about a connection that broke in the middle. */
export function brokeOff(connection: Connection, reason: string | undefined): SshFailure {
  const why = reason === undefined ? "" : `: ${reason}`;
  return new SshFailure("runner.ssh.broken", {
    message: `the connection to ${sayWhere(connection.target)} broke off while it was used${why}`,
  });
}
