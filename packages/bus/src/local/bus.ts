import { askWithin, closed, createAnswering } from "../answering.ts";
import { checkArtifact } from "../artifact-digest.ts";
import type { Bus, Message, Topic } from "../port.ts";

export interface LocalBusOptions {
  /** Hears what a listener threw, or what its promise was rejected with. Must not throw. */
  readonly onError: (error: unknown, message: Message) => void;
}

interface Subscription {
  readonly listener: (message: Message) => unknown;
  /** Number of the first message that it is to hear: those that were published before it came are not for it. */
  readonly from: number;
  isOver: boolean;
}

/**
 * The bus of one process. Messages are delivered in the order of publishing, in a later turn of the event loop than the
 * one they were published in, so that a publisher is never entered again by what it said. What nobody listens to costs
 * one look into a map. Artifacts are forgotten at once: where there is one process, the store is as near as a copy would
 * be, and what is read from it is kept as files.
 */
export function createLocalBus({ onError }: LocalBusOptions): Bus {
  const topics = new Map<Topic, Set<Subscription>>();
  let waiting: Message[] = [];
  /** Number of the first message in `waiting`. */
  let number = 0;
  let immediate: NodeJS.Immediate | undefined;
  let isClosed = false;
  const answering = createAnswering();
  const closing = new AbortController();

  function deliverAll(): void {
    immediate = undefined;
    const messages = waiting;
    const first = number;
    number += messages.length;
    waiting = [];
    messages.forEach((message, index) => {
      for (const subscription of topics.get(message.topic) ?? []) {
        if (first + index >= subscription.from && !subscription.isOver) deliver(subscription, message);
      }
    });
  }

  function deliver(subscription: Subscription, message: Message): void {
    try {
      const returned = subscription.listener(message);
      // The type asks for none, but an async function fits it too, and its rejection must not end the process.
      if (returned instanceof Promise) returned.catch((error: unknown) => onError(error, message));
    } catch (error) {
      onError(error, message);
    }
  }

  return {
    publish(message) {
      if (isClosed || !topics.has(message.topic)) return;
      waiting.push(message);
      immediate ??= setImmediate(deliverAll);
    },
    subscribe(wanted, listener) {
      // Cast: it is put under its own topics only, so it is only given messages of those.
      const subscription: Subscription = {
        listener: listener as Subscription["listener"],
        from: number + waiting.length,
        isOver: isClosed,
      };
      for (const topic of isClosed ? [] : wanted) {
        const subscriptions = topics.get(topic);
        if (subscriptions) subscriptions.add(subscription);
        else topics.set(topic, new Set([subscription]));
      }
      return () => {
        subscription.isOver = true;
        for (const topic of wanted) {
          const subscriptions = topics.get(topic);
          if (subscriptions?.delete(subscription) && subscriptions.size === 0) topics.delete(topic);
        }
      };
    },
    request(address, question, asking) {
      return askWithin(address, asking, closing.signal, (signal) => answering.answer(address, question, signal));
    },
    serve: (address, answer, { atOnce }) => answering.serve(address, answer, atOnce),
    artifacts: {
      get: async () => undefined,
      put: async (digest, bytes) => checkArtifact(digest, bytes),
    },
    health: () => ({ ok: true, details: { bus: "local" } }),
    /** Delivers what waits, then forgets every listener; what is asked and answered ends. */
    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      isClosed = true;
      answering.close();
      closing.abort(closed());
      clearImmediate(immediate);
      deliverAll();
      topics.clear();
    },
  };
}
