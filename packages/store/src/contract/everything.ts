import { createHash } from "node:crypto";
import type { Change } from "../changes.ts";
import {
  aFullExecution,
  aKey,
  aMove,
  anAction,
  anApiKey,
  anEnforcement,
  anEvent,
  anExecution,
  anId,
  aSnapshot,
  aTimer,
  aToken,
  aUser,
  insert,
  T0,
} from "./samples.ts";

/** Every character that some store or form of transport could stumble over. */
const ANY_TEXT = 'quote " backslash \\ tab \t newline \n nul \u0000 ünïcode 🦑 {"json": [1]} \\N \\x00';

const ANY_BYTES = Uint8Array.from({ length: 1_500_000 }, (_, n) => (n * 31) % 256);

/**
 * For each kind of change one or more that go through, in this order, where there is a member `m1`. A kind that is added has to come in here, and with all its
 * optional fields: the tests of dumps want a value in every column.
 */
export const EVERYTHING = {
  "resource.put": [
    { kind: "resource.put", resource: anAction("first", { description: ANY_TEXT }) },
    { kind: "resource.put", resource: anAction("second") },
    { kind: "resource.put", resource: anAction("second"), expect: 1 },
    { kind: "resource.put", resource: anAction("gone") },
  ],
  "resource.delete": [{ kind: "resource.delete", project: "default", resourceKind: "action", id: "id-of-gone" }],
  "snapshot.keep": [{ kind: "snapshot.keep", project: "default", digest: "d1", snapshot: aSnapshot(ANY_TEXT) }],
  "event.insert": [
    { kind: "event.insert", event: anEvent(1, { payload: { text: ANY_TEXT }, trace_tag: ANY_TEXT }) },
    { kind: "event.insert", event: anEvent(2, { status: "pending" }) },
  ],
  "event.move": [{ kind: "event.move", project: "default", id: anId(2), from: ["pending"], to: "processed" }],
  "enforcement.insert": [
    {
      kind: "enforcement.insert",
      enforcement: anEnforcement(1, { execution: anId(1), failure_reason: ANY_TEXT, status: "failed" }),
    },
    { kind: "enforcement.insert", enforcement: anEnforcement(2) },
  ],
  "execution.insert": [
    ...insert(aFullExecution(1), anExecution(2), anExecution(3, { project: "other" }), anExecution(4)),
    // It goes on from an earlier one.
    ...insert(anExecution(5, { context: { "re-run": { ref: anId(4) } } })),
  ],
  "execution.move": [
    aMove(2, { from: ["requested"], to: "running", context: { cancelled_by: ANY_TEXT, 7: "number" } }),
    aMove(2, { from: ["running"], to: "succeeded", end: T0 + 9, result: { text: ANY_TEXT }, context: { user: "b" } }),
  ],
  "output.append": [
    {
      kind: "output.append",
      project: "default",
      chunks: [
        { execution: anId(1), seq: 1, type: "stdout", timestamp: T0, data: ANY_TEXT },
        { execution: anId(1), seq: 2, type: "stderr", timestamp: T0 + 1, data: "" },
      ],
    },
  ],
  "workflow.append": [
    { kind: "workflow.append", project: "default", execution: anId(1), seq: 1, step: { said: ANY_TEXT } },
    { kind: "workflow.append", project: "default", execution: anId(1), seq: 2, step: { n: 2 } },
  ],
  "workflow.save": [{ kind: "workflow.save", project: "default", execution: anId(1), seq: 1, state: "sealed" }],
  "workflow.tell": [
    {
      kind: "workflow.tell",
      project: "default",
      id: anId(1),
      execution: anId(1),
      shard: 7,
      event: { text: ANY_TEXT },
      context: { text: ANY_TEXT },
    },
    { kind: "workflow.tell", project: "default", id: anId(2), execution: anId(1), shard: 8, event: { n: 2 } },
    { kind: "workflow.tell", project: "default", id: anId(3), execution: anId(1), shard: 8, event: { n: 3 } },
  ],
  "workflow.hear": [{ kind: "workflow.hear", project: "default", id: anId(2) }],
  "singleton.take": [{ kind: "singleton.take", name: "sensor/default/1", member: "m1" }],
  "singleton.release": [{ kind: "singleton.release", name: "sensor/default/1", member: "m1" }],
  // Guarded by a count that only a beat tells; and nothing of members is carried.
  "member.evict": [],
  "member.leave": [{ kind: "member.leave", id: "m1" }],
  "archive.keep": [
    {
      kind: "archive.keep",
      digest: createHash("sha256").update(ANY_BYTES).digest("hex"),
      bytes: ANY_BYTES,
    },
  ],
  "key.put": [
    {
      kind: "key.put",
      key: aKey("k1", { value: ANY_TEXT, description: ANY_TEXT, expires: T0 * 2, secret: true, user: "ada" }),
    },
    { kind: "key.put", key: aKey("k2") },
    { kind: "key.put", key: aKey("k2", { value: "again" }) },
    { kind: "key.put", key: aKey("k3") },
  ],
  "key.delete": [{ kind: "key.delete", project: "default", scope: "st2kv.system", user: "", name: "k3" }],
  "timer.put": [
    { kind: "timer.put", timer: aTimer("core.timer") },
    { kind: "timer.put", timer: aTimer("core.gone") },
  ],
  "timer.delete": [{ kind: "timer.delete", project: "default", trigger: "core.gone" }],
  "user.put": [
    { kind: "user.put", user: aUser("ada", { password: "$argon2id$" }) },
    { kind: "user.put", user: aUser("bob", { enabled: false, roles: [] }) },
  ],
  "token.insert": [
    { kind: "token.insert", token: aToken("h1", { metadata: { text: ANY_TEXT } }) },
    { kind: "token.insert", token: aToken("h2", { service: true }) },
  ],
  "token.delete": [{ kind: "token.delete", hash: "h2" }],
  "apikey.put": [
    { kind: "apikey.put", key: anApiKey(1, { metadata: { text: ANY_TEXT } }) },
    { kind: "apikey.put", key: anApiKey(2) },
  ],
  "apikey.delete": [{ kind: "apikey.delete", project: "default", id: anId(2) }],
} satisfies Readonly<Record<Change["kind"], readonly Change[]>>;
