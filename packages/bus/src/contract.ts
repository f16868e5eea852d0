import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { requestContract } from "./contract-requests.ts";
import type { Bus, Message } from "./port.ts";

/** What the suite is given: buses of its own, made with this `onError`. */
export interface OpenedBus {
  /** Listens and answers. */
  readonly bus: Bus;
  /** Publishes and asks: the same one, or one of another process. */
  readonly other: Bus;
  /** Resolves when what was published and subscribed so far has gone where it goes. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export type OpenBus = (onError: (error: unknown, message: Message) => void) => Promise<OpenedBus>;

const cancel = (execution: string): Message => ({ topic: "cancel", project: "default", execution });
const wake: Message = { topic: "wake" };

/**
 * What every bus must do. Nothing here waits for a time: a test ends when the message arrives that it sent last.
 */
export function busContract(name: string, open: OpenBus): void {
  const start = async (t: TestContext, onError: (error: unknown, message: Message) => void = unexpected) => {
    const opened = await open(onError);
    t.after(() => opened.close());
    return opened;
  };
  /** Resolves with what `topics` said up to and including the execution `last`. */
  const listen = (bus: Bus, last: string): Promise<string[]> => {
    const heard: string[] = [];
    return new Promise((resolve) => {
      bus.subscribe(["cancel"], (message) => {
        heard.push(message.execution);
        if (message.execution === last) resolve(heard);
      });
    });
  };

  describe(`${name} bus`, () => {
    test("messages arrive at every listener of their topic, in the order of one publisher", async (t) => {
      const { bus, other, settle } = await start(t);
      const first = listen(bus, "99");
      const second = listen(bus, "99");
      const sent = Array.from({ length: 100 }, (_, index) => String(index));
      await settle();
      for (const one of sent) other.publish(cancel(one));
      assert.deepEqual(await first, sent);
      assert.deepEqual(await second, sent);
    });

    test("a listener hears only the topics that it asked for", async (t) => {
      const { bus, other, settle } = await start(t);
      const topics: string[] = [];
      bus.subscribe(["wake", "resource"], (message) => topics.push(message.topic));
      const end = listen(bus, "end");
      await settle();
      other.publish(wake);
      other.publish(cancel("one"));
      other.publish({
        topic: "resource",
        change: "create",
        project: "default",
        kind: "rule",
        id: "65f0c0ffee65f0c0ffee65f0",
        ref: "examples.a_rule",
      });
      other.publish(cancel("end"));
      await end;
      assert.deepEqual(topics, ["wake", "resource"]);
    });

    test("a message is the same object tree that was published", async (t) => {
      const { bus, other, settle } = await start(t);
      const message: Message = {
        topic: "announcement",
        project: "default",
        route: "general",
        payload: { nested: [1, null, { deep: "ü" }] },
        traceContext: {},
      };
      const heard = new Promise<Message>((resolve) => bus.subscribe(["announcement"], resolve));
      await settle();
      other.publish(message);
      assert.deepEqual(await heard, message);
    });

    test("publishing returns before any listener is called, also when a listener publishes", async (t) => {
      const { bus, other, settle } = await start(t);
      const steps: string[] = [];
      bus.subscribe(["wake"], () => {
        steps.push("wake begins");
        bus.publish(cancel("inner"));
        steps.push("wake ends");
      });
      bus.subscribe(["cancel"], (message) => steps.push(message.execution));
      const inner = listen(bus, "inner");
      await settle();
      other.publish(wake);
      steps.push("published");
      await inner;
      assert.deepEqual(steps, ["published", "wake begins", "wake ends", "inner"]);
    });

    test("a listener that throws is reported and disturbs neither the others nor what follows", async (t) => {
      const reported: [string, string][] = [];
      const { bus, other, settle } = await start(t, (error, message) => reported.push([String(error), message.topic]));
      bus.subscribe(["cancel"], () => {
        throw new Error("listener broke");
      });
      const heard = listen(bus, "two");
      await settle();
      other.publish(cancel("one"));
      other.publish(cancel("two"));
      assert.deepEqual(await heard, ["one", "two"]);
      assert.deepEqual(reported, [
        ["Error: listener broke", "cancel"],
        ["Error: listener broke", "cancel"],
      ]);
    });

    test("an async listener that is rejected is reported", async (t) => {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      const { bus, other, settle } = await start(t, resolve);
      // The type takes it for a listener without a result, as an assignment would.
      const listener: () => unknown = async () => {
        throw new Error("later");
      };
      bus.subscribe(["wake"], listener);
      await settle();
      other.publish(wake);
      assert.equal(String(await promise), "Error: later");
    });

    test("a listener that left hears nothing more, not even what was on its way", async (t) => {
      const { bus, other, settle } = await start(t);
      const heard: string[] = [];
      const leave = bus.subscribe(["cancel"], (message) => heard.push(message.execution));
      const end = listen(bus, "end");
      await settle();
      other.publish(cancel("on its way"));
      leave();
      leave();
      other.publish(cancel("end"));
      await end;
      assert.deepEqual(heard, []);
    });

    test("a listener that leaves in the middle of a message does not keep it from the next one", async (t) => {
      const { bus, other, settle } = await start(t);
      const heard: string[] = [];
      const leave = bus.subscribe(["cancel"], (message) => {
        heard.push(message.execution);
        leave();
      });
      const end = listen(bus, "end");
      await settle();
      other.publish(cancel("one"));
      other.publish(cancel("end"));
      assert.deepEqual(await end, ["one", "end"]);
      assert.deepEqual(heard, ["one"]);
    });

    test("a listener does not hear what was published before it came", async (t) => {
      const { bus, other, settle } = await start(t);
      const early = listen(bus, "end");
      await settle();
      other.publish(cancel("before"));
      await settle();
      const late = listen(bus, "end");
      await settle();
      other.publish(cancel("end"));
      assert.deepEqual(await early, ["before", "end"]);
      assert.deepEqual(await late, ["end"]);
    });

    test("publishing where nobody listens does nothing", async (t) => {
      const { bus, other, settle } = await start(t);
      other.publish(wake);
      const end = listen(bus, "end");
      await settle();
      other.publish(cancel("end"));
      assert.deepEqual(await end, ["end"]);
    });
  });
  requestContract(name, open);
}

function unexpected(error: unknown): void {
  throw error;
}
