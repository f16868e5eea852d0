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
 * one look into a map.
 */
export function createLocalBus({ onError }: LocalBusOptions): Bus {
  const topics = new Map<Topic, Set<Subscription>>();
  let waiting: Message[] = [];
  /** Number of the first message in `waiting`. */
  let number = 0;
  let immediate: NodeJS.Immediate | undefined;
  let isClosed = false;

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
    /** Delivers what waits, then forgets every listener. */
    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      isClosed = true;
      clearImmediate(immediate);
      deliverAll();
      topics.clear();
    },
  };
}
