import { DEFAULT_PROJECT, messageOf, type RunnerType, SquallError } from "@squall/model";
import type { Runner } from "@squall/runners";
import { createAccounts } from "./accounts/accounts.ts";
import { createAliases } from "./aliases/aliases.ts";
import { startCollector } from "./collector.ts";
import { configOf } from "./content/configs.ts";
import { createContent } from "./content/content.ts";
import { commitEdit, createEdit, type Edited } from "./content/edit.ts";
import { createShelves } from "./content/shelves.ts";
import { createWebhookIndex } from "./content/webhooks.ts";
import type { Core } from "./core.ts";
import type { Engine } from "./engine.ts";
import { createEvents } from "./events/events.ts";
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
import { settleLost } from "./recover.ts";
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
  const lanes = createLanes({ inline: parts.limits.inlineSlots, process: parts.limits.processSlots });
  const core: Core = {
    parts,
    shelves,
    rules,
    webhooks: webhooks.at,
    plans: createPlans(),
    snapshots: createSnapshots(parts.store),
    definitions: createDefinitions(shelves),
    lanes,
    census: createCensus(parts.limits, lanes),
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
  const sensorTokens = createSensorTokens();
  const sensors = createSensors(core, dispatch, events, sensorTokens);

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

  const projects = new Set([DEFAULT_PROJECT, ...(await parts.store.projects())]);
  for (const project of projects) {
    for (const kind of RESOURCE_KINDS) {
      for (const resource of await parts.store.resources(project, kind)) {
        shelves.put(resource);
        changed([{ change: "create", resource }]);
      }
    }
    await putRunnerTypes(parts, project, core);
  }

  const stopCancelRequests = parts.bus.subscribe(["cancel"], ({ execution }) => {
    dispatch.abort(execution, "cancel");
  });
  let collector: AsyncDisposable | undefined;
  let stopping: Promise<void> | undefined;

  const drain = async (timeoutMs: number): Promise<void> => {
    stopping ??= (async () => {
      await sensors.close();
      await schedule[Symbol.asyncDispose]();
      await collector?.[Symbol.asyncDispose]();
      core.census.close();
      await dispatch.drain(timeoutMs);
      inquiries.close();
      workflows.close();
      await workflows.idle();
    })();
    await stopping;
  };

  return {
    content: createContent({ parts, shelves, changed }),
    executions,
    aliases: createAliases(core, executions),
    workflows: createWorkflowTools(core),
    inquiries,
    events,
    keys: createKeys(core, dispatch),
    accounts: createAccounts(parts, sensorTokens),
    sensors,
    async start() {
      const abandoned = await settleLost(core, dispatch, parts.store.exclusive);
      if (abandoned > 0) parts.log.warn({ executions: abandoned }, "executions of a process that is gone were settled");
      const beginLeft = await workflows.recover([...projects]);
      await inquiries.recover([...projects]);
      dispatch.start();
      await beginLeft();
      await schedule.start();
      await sensors.begin();
      collector = startCollector(parts);
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
        ok: store.ok && stopping === undefined,
        parts: {
          store,
          engine: {
            ok: stopping === undefined,
            running: dispatch.running(),
            waiting: core.lanes.waiting("inline") + core.lanes.waiting("process"),
            workflows: core.census.workflows,
          },
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

/** Makes the runners known as StackStorm's runner types; what an operator disabled stays disabled. */
async function putRunnerTypes(parts: EngineParts, project: string, core: Core): Promise<void> {
  const edit = createEdit(parts, core.shelves, project);
  for (const runner of parts.runners) {
    const old = core.shelves.get(project, "runner_type", runner.name)?.body;
    const fresh = runnerType(runner, old);
    if (JSON.stringify(old) !== JSON.stringify({ ...fresh, id: old?.id })) edit.put("runner_type", fresh);
  }
  await commitEdit(parts, core.shelves, edit);
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
