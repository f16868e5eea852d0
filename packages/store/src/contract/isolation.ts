import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Change } from "../changes.ts";
import { refused, type UseStore, write } from "./opened.ts";
import {
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
  aUser,
  insert,
  T0,
} from "./samples.ts";

/** One of everything, with the same ids and names in each project: only the project tells them apart. */
function everything(project: string): Change[] {
  const execution = anExecution(1, { project, parent: anId(50), action: `${project}.action`, user: project });
  return [
    { kind: "resource.put", resource: anAction("a", { project, description: project }) },
    { kind: "snapshot.keep", project, digest: "digest", snapshot: aSnapshot(project) },
    { kind: "event.insert", event: anEvent(1, { project, status: "pending", payload: { project } }) },
    {
      kind: "enforcement.insert",
      enforcement: anEnforcement(1, { project, failure_reason: project, execution: anId(1) }),
    },
    ...insert(execution),
    {
      kind: "output.append",
      project,
      chunks: [{ execution: anId(1), seq: 1, type: "stdout", timestamp: T0, data: project }],
    },
    { kind: "key.put", key: aKey("k", { project, value: project }) },
    { kind: "timer.put", timer: aTimer("t", { project, last: project.length }) },
    { kind: "user.put", user: aUser("u", { project, roles: [project] }) },
    { kind: "apikey.put", key: anApiKey(1, { project, hash: `hash of ${project}` }) },
  ];
}

export function isolationContract(use: UseStore): void {
  describe("projects", () => {
    test("no read of a project returns a row of another, with any filter", async (t) => {
      const { store } = await use(t);
      const projects = ["blue", "green"];
      await write(store, ...everything("blue"), ...everything("green"));
      assert.deepEqual(await store.projects(), projects);
      const all = { count: true };
      for (const project of [...projects, "nobody", "", "' or ''='"]) {
        const found = {
          resources: await store.resources(project, "action"),
          snapshot: await store.snapshot(project, "digest"),
          snapshots: [...(await store.snapshots(project, ["digest"])).values()],
          execution: await store.execution(project, anId(1)),
          executions: (await store.executions(project, {}, all)).items,
          executionsById: (await store.executions(project, { ids: [anId(1)] }, all)).items,
          executionsByStatus: (await store.executions(project, { status: ["requested", "failed"] }, all)).items,
          executionsByParent: (await store.executions(project, { parent: anId(50) }, all)).items,
          executionValues: await store.executionValues(project, "action"),
          users: await store.executionValues(project, "user"),
          output: await store.output(project, anId(1)),
          event: await store.event(project, anId(1)),
          events: (await store.events(project, { ids: [anId(1)] }, all)).items,
          eventsByStatus: (await store.events(project, { status: ["pending", "processing"] }, all)).items,
          enforcement: await store.enforcement(project, anId(1)),
          enforcements: (await store.enforcements(project, { rule_id: anId(7_000_001) }, all)).items,
          enforcementsByExecution: (await store.enforcements(project, { execution: anId(1) }, all)).items,
          key: await store.key(project, "st2kv.system", "", "k", T0),
          keys: (await store.keys(project, { ids: [anId(1)] }, all, T0)).items,
          timers: await store.timers(project),
          user: await store.user(project, "u"),
          allUsers: await store.users(project),
          apiKey: await store.apiKey(project, anId(1)),
          apiKeys: (await store.apiKeys(project, all)).items,
        };
        for (const [method, rows] of Object.entries(found)) {
          const text = JSON.stringify(rows) ?? "";
          for (const other of projects) {
            assert.equal(text.includes(other), other === project, `${method} of "${project}" and "${other}"`);
          }
          if (Array.isArray(rows))
            assert.equal(rows.length, projects.includes(project) ? 1 : 0, `${method} of "${project}"`);
        }
        const expected = projects.includes(project) ? 1 : 0;
        const totals = [
          await store.executions(project, {}, all),
          await store.executions(project, { status: ["requested", "failed"] }, all),
          await store.events(project, {}, all),
          await store.enforcements(project, {}, all),
          await store.keys(project, {}, all, T0),
          await store.apiKeys(project, all),
        ].map(({ total }) => total);
        assert.deepEqual(
          totals,
          totals.map(() => expected),
          project,
        );
        assert.equal((await store.childIds(project, [anId(50)])).size, expected);
      }
    });

    test("no change of a project touches a row of another", async (t) => {
      const { store } = await use(t);
      await write(store, ...everything("blue"));
      const project = "green";
      const changes: Change[] = [
        { kind: "resource.delete", project, resourceKind: "action", id: "id-of-a" },
        { kind: "event.move", project, id: anId(1), from: ["pending"], to: "processed" },
        aMove(1, { project, from: ["requested"], to: "canceled" }),
        { kind: "key.delete", project, scope: "st2kv.system", user: "", name: "k" },
        { kind: "timer.delete", project, trigger: "t" },
        { kind: "apikey.delete", project, id: anId(1) },
      ];
      for (const change of changes) await refused(store, "missing", change);
      await write(store, ...everything(project).filter(({ kind }) => kind !== "apikey.put"));
      assert.equal((await store.key("blue", "st2kv.system", "", "k", T0))?.value, "blue");
      assert.equal((await store.resources("blue", "action"))[0]?.version, 1);
      assert.equal((await store.timers("blue"))[0]?.version, 1);
      assert.deepEqual((await store.user("blue", "u"))?.roles, ["blue"]);
    });
  });
}
