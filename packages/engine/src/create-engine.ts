import { DEFAULT_PROJECT, messageOf, type RunnerType, SquallError } from "@squall/model";
import type { Runner } from "@squall/runners";
import { createAccounts } from "./accounts/accounts.ts";
import { createAliases } from "./aliases/aliases.ts";
import { createCode } from "./code/code.ts";
import { createCluster } from "./cluster/cluster.ts";
import { createInbox } from "./cluster/inbox.ts";
import { clusterStatus } from "./cluster/status.ts";
import { createKeeper, type Keeper } from "./cluster/keeper.ts";
import { startCollector } from "./collector.ts";
import { configOf } from "./content/configs.ts";
import { createContent } from "./content/content.ts";
import type { Edit, Edited } from "./content/edit.ts";
import { createShelves, type Shelves } from "./content/shelves.ts";
import { createContentSync } from "./content/sync.ts";
import { watchContent } from "./content/watch.ts";
import { createWebhookIndex } from "./content/webhooks.ts";
import type { Core } from "./core.ts";
import type { Engine } from "./engine.ts";
import { createEvents } from "./events/events.ts";
import { createBacklog } from "./executions/backlog.ts";
import { createDispatch } from "./executions/dispatch.ts";
import { createExecutions } from "./executions/executions.ts";
import { createLanes } from "./executions/lanes.ts";
import { createSettling } from "./executions/settling.ts";
import { createSnapshots } from "./executions/snapshots.ts";
import { createInquiries } from "./inquiries/inquiries.ts";
import { createKeys } from "./keys/keys.ts";
import { LANGUAGES } from "./languages.ts";
import { createPlans } from "./parameters/plan.ts";
import type { EngineParts } from "./parts.ts";
import { createRuleIndex, type RuleIndex } from "./rules/index.ts";
import { createSchedule } from "./schedule.ts";
import { createSensors } from "./sensors/sensors.ts";
import { createSensorTokens } from "./sensors/tokens.ts";
import { RESOURCE_KINDS } from "@squall/model";
import { createCensus } from "./workflows/census.ts";
import { createDefinitions } from "./workflows/definitions.ts";
import { createWorkflowTools } from "./workflows/tools.ts";
import { createWorkflows } from "./workflows/workflows.ts";

/**
 * Builds the engine over its parts and reads all content into memory. It takes calls at once; work that waits in the
 * store, timers and collection begin with `start`.
 */
export async function createEngine(parts: EngineParts): Promise<Engine> {
  const shelves = createShelves();
  const indexes = new Map<string, RuleIndex>();
  const rules = (project: string): RuleIndex => {
    let index = indexes.get(project);
    if (!index) indexes.set(project, (index = createRuleIndex(LANGUAGES)));
    return index;
  };
  const webhooks = createWebhookIndex();
  const isWorker = parts.roles.has("worker");
  const slots = {
    inline: isWorker ? parts.limits.inlineSlots : 0,
    process: isWorker ? parts.limits.processSlots : 0,
  };
  const lanes = createLanes(slots);
  const backlog = createBacklog(parts, lanes);
  const cluster = createCluster(parts, () => ({
    slots,
    state: { running: dispatch.running(), taken: { inline: lanes.taken("inline"), process: lanes.taken("process") } },
  }));
  const code = createCode(parts, shelves);
  const definitions = createDefinitions(code, parts.log);
  const core: Core = {
    parts,
    shelves,
    async find(project, kind, refOrId) {
      const found = shelves.get(project, kind, refOrId);
      if (found || cluster.alone) return found;
      await content.catchUp();
      return shelves.get(project, kind, refOrId);
    },
    catchUp: () => content.catchUp(),
    rules,
    webhooks: webhooks.at,
    plans: createPlans(),
    snapshots: createSnapshots(parts.store, definitions.complete),
    definitions,
    code,
    lanes,
    backlog,
    cluster,
    census: createCensus(parts.limits, backlog),
    runners: new Map(parts.runners.map((runner) => [runner.name, runner])),
    configOf: (project, pack, user, keys) => configOf({ shelves, vault: parts.vault }, project, pack, user, keys),
  };
  const dispatch = createDispatch(core);
  const workflows = createWorkflows(core, dispatch, (project, id, user) => executions.cancelAs(project, id, user));
  dispatch.serve(workflows);
  const inquiries = createInquiries(core, dispatch);
  dispatch.whenPending(inquiries.waits);
  const settling = createSettling(parts);
  const executions = createExecutions(core, dispatch, settling, workflows);
  const schedule = createSchedule(core, dispatch);
  const events = createEvents(core, dispatch);
  const sensorTokens = createSensorTokens(parts);
  const sensors = createSensors(core, dispatch, events, sensorTokens);

  let hasJoined = false;
  let watcher: { close(): void } | undefined;

  const changed = (edited: readonly Edited[]) => {
    for (const one of edited) {
      const { resource } = one;
      if (resource.kind === "rule") {
        if (one.change === "delete") rules(resource.project).remove(resource.id);
        else rules(resource.project).put(resource.body);
      }
      if (resource.kind === "trigger") {
        webhooks.remove(resource.project, resource.id);
        if (one.change === "delete") schedule.remove(resource.project, resource.id);
        else {
          webhooks.add(resource.project, resource.body);
          schedule.add(resource.project, resource.body);
        }
      }
    }
    sensors.changed(edited);
  };

  const sync = createContentSync(parts, shelves);
  const content = createContent({ parts, shelves, code, changed, sync });
  await sync.begin();
  const projects = new Set([DEFAULT_PROJECT, ...(await parts.store.projects())]);
  for (const project of projects) {
    for (const kind of RESOURCE_KINDS) {
      for (const resource of await parts.store.resources(project, kind)) {
        shelves.put(resource);
        changed([{ change: "create", resource }]);
      }
    }
    await content.edit(project, (edit) => putRunnerTypes(parts, edit));
  }

  const stopCancelRequests = parts.bus.subscribe(["cancel"], ({ execution }) => {
    dispatch.abort(execution, "cancel");
  });
  const inbox = createInbox(core, (told) => workflows.hear(told));
  let collector: AsyncDisposable | undefined;
  let keeper: Keeper | undefined;
  let stopping: Promise<void> | undefined;

  const drain = async (timeoutMs: number): Promise<void> => {
    stopping ??= (async () => {
      await sensors.close();
      await schedule[Symbol.asyncDispose]();
      await collector?.[Symbol.asyncDispose]();
      core.census.close();
      await inbox.close();
      await keeper?.close();
      await dispatch.drain(timeoutMs);
      inquiries.close();
      workflows.close();
      await workflows.idle();
      backlog.close();
      watcher?.close();
      if (hasJoined) await cluster.leave();
    })();
    await stopping;
  };

  return {
    content,
    executions,
    aliases: createAliases(core, executions),
    workflows: createWorkflowTools(core),
    inquiries,
    events,
    keys: createKeys(core, dispatch),
    accounts: createAccounts(parts, sensorTokens),
    sensors,
    cluster: () => clusterStatus(core),
    apiUrl: () => cluster.apiUrl(),
    async start() {
      await cluster.join();
      hasJoined = true;
      cluster.start();
      backlog.start();
      if (!cluster.alone) watcher = watchContent(parts, content);
      const beginLeft: (() => Promise<void>)[] = [];
      if (cluster.has("engine")) {
        workflows.serve();
        keeper = createKeeper(core, { dispatch, workflows, inquiries, projects: () => knownProjects(shelves) });
        beginLeft.push(await keeper.start());
      }
      if (cluster.has("worker")) dispatch.start();
      for (const begin of beginLeft) await begin();
      if (cluster.has("engine") && !cluster.alone) inbox.start();
      if (cluster.has("sources")) {
        await schedule.start();
        await sensors.begin();
      }
      if (cluster.has("engine")) collector = startCollector(parts);
    },
    drain,
    async health() {
      const store = await parts.store.describe().then(
        (details) => ({ ok: true, ...details }),
        (error: unknown) => ({
          ok: false,
          error: messageOf(error),
          ...(error instanceof SquallError && { code: error.code }),
        }),
      );
      return {
        ok: store.ok && stopping === undefined && cluster.isSound,
        parts: {
          store,
          engine: {
            ok: stopping === undefined,
            running: dispatch.running(),
            waiting: backlog.waiting(),
            workflows: core.census.workflows,
          },
          ...(!cluster.alone && {
            member: { ok: cluster.isSound, members: cluster.members().length },
            bus: { ...parts.bus.health().details, ok: parts.bus.health().ok },
          }),
          sensors: sensors.health(),
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await drain(0);
      settling.close();
      stopCancelRequests();
    },
  };
}

const knownProjects = (shelves: Shelves): readonly string[] => [...new Set([DEFAULT_PROJECT, ...shelves.projects()])];

/** Makes the runners known as StackStorm's runner types; what an operator disabled stays disabled. */
function putRunnerTypes(parts: EngineParts, edit: Edit): void {
  for (const runner of parts.runners) {
    const old = edit.get("runner_type", runner.name)?.body;
    const fresh = runnerType(runner, old);
    if (JSON.stringify(old) !== JSON.stringify({ ...fresh, id: old?.id })) edit.put("runner_type", fresh);
  }
}

function runnerType(runner: Runner, old: RunnerType | undefined): Omit<RunnerType, "id"> {
  return {
    uid: `runner_type:${runner.name}`,
    name: runner.name,
    description: runner.description,
    enabled: old?.enabled ?? true,
    runner_package: runner.module,
    runner_module: runner.module,
    runner_parameters: runner.parameters,
    ...(runner.outputKey && { output_key: runner.outputKey }),
    ...(runner.outputSchema && { output_schema: runner.outputSchema }),
  };
}
