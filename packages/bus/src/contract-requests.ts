import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test, type TestContext } from "node:test";
import { Conflict, Invalid, type JsonObject, NotFound, SquallError, TooMany, Unavailable } from "@squall/model";
import type { OpenBus } from "./contract.ts";

/** Longer than any test lives: what should come does not come because of time. */
const LONG = { timeoutMs: 60_000 };
const forever = () => new Promise<JsonObject>(() => undefined);

/** What every bus must do with questions and artifacts. */
export function requestContract(name: string, open: OpenBus): void {
  const start = async (t: TestContext) => {
    const opened = await open((error) => {
      throw error;
    });
    t.after(() => opened.close());
    return opened;
  };

  describe(`${name} bus: questions`, () => {
    test("a question gets its answerer's answer", async (t) => {
      const { bus, other, settle } = await start(t);
      bus.serve("member/1/output", async (question) => ({ asked: question, ü: [1, null] }), { atOnce: 10 });
      await settle();
      assert.deepEqual(await other.request("member/1/output", { execution: "7", deep: { ok: true } }, LONG), {
        asked: { execution: "7", deep: { ok: true } },
        ü: [1, null],
      });
    });

    test("questions of different addresses go to their own answerers, whatever characters addresses are made of", async (t) => {
      const { bus, other, settle } = await start(t);
      const addresses = ["a", "a.b", "a.*", "a b", ">", "$SYS", "ü/é", "=2e", "A"];
      for (const at of addresses) bus.serve(at, async () => ({ at }), { atOnce: 1 });
      await settle();
      const answers = await Promise.all(addresses.map((at) => other.request(at, {}, LONG)));
      assert.deepEqual(
        answers,
        addresses.map((at) => ({ at })),
      );
    });

    test("where nobody serves the address, the asker hears so at once", async (t) => {
      const { other, settle } = await start(t);
      await settle();
      await assert.rejects(other.request("nobody", {}, LONG), { name: "Unavailable", code: "bus.no-answer" });
    });

    test("an address that is not served any more has nobody, and can be served again", async (t) => {
      const { bus, other, settle } = await start(t);
      const leave = bus.serve("here", async () => ({ life: 1 }), { atOnce: 1 });
      assert.throws(() => bus.serve("here", async () => ({}), { atOnce: 1 }), Conflict);
      leave();
      await settle();
      await assert.rejects(other.request("here", {}, LONG), Unavailable);
      bus.serve("here", async () => ({ life: 2 }), { atOnce: 1 });
      leave();
      await settle();
      assert.deepEqual(await other.request("here", {}, LONG), { life: 2 });
    });

    test("what is being answered when its address is left is still answered", async (t) => {
      const { bus, other, settle } = await start(t);
      const asked = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<JsonObject>();
      const leave = bus.serve(
        "slow",
        () => {
          asked.resolve();
          return answer.promise;
        },
        { atOnce: 1 },
      );
      await settle();
      const request = other.request("slow", {}, LONG);
      await asked.promise;
      leave();
      answer.resolve({ done: true });
      assert.deepEqual(await request, { done: true });
    });

    test("an answer that does not come in time is given up, and the answerer is told", async (t) => {
      const { bus, other, settle } = await start(t);
      const told = Promise.withResolvers<void>();
      bus.serve(
        "silent",
        (_, signal) => {
          signal.addEventListener("abort", () => told.resolve());
          return forever();
        },
        { atOnce: 1 },
      );
      await settle();
      await assert.rejects(other.request("silent", {}, { timeoutMs: 50 }), {
        name: "Unavailable",
        code: "bus.no-answer",
      });
      await told.promise;
    });

    test("an asker that aborts gets its reason, and the answerer is told", async (t) => {
      const { bus, other, settle } = await start(t);
      const asked = Promise.withResolvers<void>();
      const told = Promise.withResolvers<void>();
      bus.serve(
        "silent",
        (_, signal) => {
          signal.addEventListener("abort", () => told.resolve());
          asked.resolve();
          return forever();
        },
        { atOnce: 1 },
      );
      await settle();
      const controller = new AbortController();
      const request = other.request("silent", {}, { ...LONG, signal: controller.signal });
      await asked.promise;
      controller.abort(new Error("the reader went away"));
      await assert.rejects(request, { message: "the reader went away" });
      await told.promise;
      await assert.rejects(other.request("silent", {}, { ...LONG, signal: controller.signal }), {
        message: "the reader went away",
      });
    });

    test("above what an answerer does at once, askers are sent away at once, and let in again afterwards", async (t) => {
      const { bus, other, settle } = await start(t);
      const both = Promise.withResolvers<void>();
      const open = Promise.withResolvers<JsonObject>();
      let asked = 0;
      bus.serve(
        "narrow",
        () => {
          if (++asked === 2) both.resolve();
          return open.promise;
        },
        { atOnce: 2 },
      );
      await settle();
      const under = [other.request("narrow", {}, LONG), other.request("narrow", {}, LONG)];
      await both.promise;
      await assert.rejects(other.request("narrow", {}, LONG), (error) => {
        assert.ok(error instanceof TooMany);
        assert.equal(error.code, "bus.busy");
        return true;
      });
      open.resolve({ ok: true });
      await Promise.all(under);
      assert.deepEqual(await other.request("narrow", {}, LONG), { ok: true });
    });

    test("what a SquallError says arrives as what it was thrown as", async (t) => {
      const { bus, other, settle } = await start(t);
      const thrown = new NotFound("execution.not-found", {
        message: "there is no execution 7 — anywhere",
        fields: { execution: "7", tried: [1, 2] },
        at: { file: "actions/x.yaml", line: 3 },
      });
      class Teapot extends SquallError {
        override readonly status = 418;
      }
      const errors: Record<string, Error> = {
        known: thrown,
        own: new Teapot("bus.busy", { message: "short and stout" }),
        foreign: new TypeError("x is not a function"),
      };
      bus.serve(
        "throws",
        async ({ which }) => {
          throw errors[String(which)] ?? new Error("no such error");
        },
        { atOnce: 1 },
      );
      await settle();
      await assert.rejects(other.request("throws", { which: "known" }, LONG), (error) => {
        assert.ok(error instanceof NotFound);
        assert.deepEqual(
          [error.code, error.message, error.status, error.fields, error.at],
          [thrown.code, thrown.message, 404, thrown.fields, thrown.at],
        );
        return true;
      });
      await assert.rejects(other.request("throws", { which: "own" }, LONG), (error) => {
        assert.ok(error instanceof SquallError);
        assert.deepEqual([error.code, error.message, error.status], ["bus.busy", "short and stout", 418]);
        return true;
      });
      await assert.rejects(other.request("throws", { which: "foreign" }, LONG), { message: "x is not a function" });
    });

    test("a long question and a long answer arrive whole", async (t) => {
      const { bus, other, settle } = await start(t);
      bus.serve("echo", async (question) => question, { atOnce: 1 });
      await settle();
      const question = { text: "Ünd ".repeat(700_000) };
      assert.deepEqual(await other.request("echo", question, LONG), question);
    });

    test("closing the bus ends what is asked and tells the answerers", async (t) => {
      const { bus, other, settle, close } = await start(t);
      const asked = Promise.withResolvers<void>();
      const told = Promise.withResolvers<void>();
      bus.serve(
        "silent",
        (_, signal) => {
          signal.addEventListener("abort", () => told.resolve());
          asked.resolve();
          return forever();
        },
        { atOnce: 1 },
      );
      await settle();
      const request = assert.rejects(other.request("silent", {}, LONG), Unavailable);
      await asked.promise;
      await close();
      await request;
      await told.promise;
      await assert.rejects(other.request("silent", {}, LONG), { code: "bus.closed" });
    });
  });

  describe(`${name} bus: artifacts`, () => {
    test("what is got back is what was put, or nothing; what nobody put is nothing", async (t) => {
      const { bus, other } = await start(t);
      const bytes = Buffer.from("a pack's code");
      const digest = createHash("sha256").update(bytes).digest("hex");
      await bus.artifacts.put(digest, bytes);
      const got = await other.artifacts.get(digest);
      if (got) assert.deepEqual(Buffer.from(got), bytes);
      assert.equal(await other.artifacts.get("0".repeat(64)), undefined);
      assert.equal(await other.artifacts.get("../etc/passwd"), undefined);
    });

    test("bytes under another digest than theirs are refused", async (t) => {
      const { bus } = await start(t);
      await assert.rejects(bus.artifacts.put("0".repeat(64), Buffer.from("x")), Invalid);
    });

    test("health says that all is well", async (t) => {
      const { bus, settle } = await start(t);
      await settle();
      assert.equal(bus.health().ok, true);
    });
  });
}
