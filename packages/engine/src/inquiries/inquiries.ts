import { Conflict, type Execution, Invalid, type JsonObject, NotFound, type Principal } from "@squall/model";
import type { Core } from "../core.ts";
import { createDeadlines } from "../deadlines.ts";
import type { Inquiries } from "../engine.ts";
import { afterCompletion } from "../events/completion.ts";
import type { Dispatch } from "../executions/dispatch.ts";
import {
  checkAnswer,
  INQUIRER,
  type Inquiry,
  inquiryOf,
  maskAnswer,
  mayAnswer,
  refuseStranger,
  refuseUnlessOpen,
} from "./answer.ts";

/**
 * Questions to people. An execution of the runner `inquirer` waits as `pending`, without a slot or a lease, until it is
 * answered, its time is over, or it is canceled; each is one commit guarded by `pending`, so that there is one end. When
 * it is over follows from its row alone, so a restart forgets nothing.
 */
export interface InquiriesWithin extends Inquiries {
  /** An execution was committed as pending. */
  waits(execution: Execution): void;
  /** Takes up what waits. */
  recover(projects: readonly string[]): Promise<void>;
  close(): void;
}

const MINUTE_MICROS = 60e6;
/** One whose workflow takes a step at the same time is decided again. */
const ATTEMPTS = 5;

export function createInquiries(core: Core, dispatch: Dispatch): InquiriesWithin {
  const { parts } = core;
  const deadlines = createDeadlines(parts, "the end of a question that nobody answered");

  const required = async (project: string, id: string): Promise<Execution> => {
    const found = await parts.store.execution(project, id);
    if (!found) throw new NotFound("inquiry.not-found", { message: `Inquiry with id "${id}" not found.` });
    return found;
  };

  const end = async (
    execution: Execution,
    status: "succeeded" | "timeout",
    result: JsonObject,
    context: JsonObject = {},
  ): Promise<boolean> => {
    const at = parts.now();
    const ended: Execution = {
      ...execution,
      status,
      end: at,
      result,
      context: { ...execution.context, ...context },
      log: [...execution.log, { status, timestamp: at }],
    };
    const snapshot = (await core.snapshots.load(execution.project, [execution.snapshot])).get(execution.snapshot);
    const after = snapshot ? await afterCompletion(core, ended, snapshot) : { drafts: [], changes: [] };
    const committed = await dispatch.commitEnd(ended, after.drafts, [
      {
        kind: "execution.move",
        project: execution.project,
        id: execution.id,
        from: ["pending"],
        to: status,
        at,
        end: at,
        result,
        ...(Object.keys(context).length > 0 && { context }),
      },
      ...after.changes,
    ]);
    if (!committed.ok) return false;
    parts.bus.publish({ topic: "execution", change: "update", execution: ended });
    parts.bus.publish({ topic: "inquiry", change: "ended", project: execution.project, execution: execution.id });
    return true;
  };

  const expire = async (project: string, id: string): Promise<void> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const execution = await parts.store.execution(project, id);
      if (execution?.status !== "pending") return;
      const error = `nobody answered within ${inquiryOf(execution).ttl} minutes`;
      if (await end(execution, "timeout", { ...execution.result, error })) return;
    }
    throw new Error(`inquiry ${id} was decided on by others ${ATTEMPTS} times`);
  };

  const mind = (execution: Execution) => {
    const { ttl } = inquiryOf(execution);
    const since = execution.log.findLast((one) => one.status === "pending")?.timestamp ?? execution.start;
    if (ttl === 0) return;
    const { project, id } = execution;
    deadlines.set(id, "ttl", since + ttl * MINUTE_MICROS, () => expire(project, id));
  };
  const mindAsked = async (project: string, id: string): Promise<void> => {
    try {
      const execution = await parts.store.execution(project, id);
      if (execution?.status === "pending") mind(execution);
    } catch (error) {
      parts.log.warn({ execution: id, err: error }, "a question could not be read; it is taken up with the next round");
    }
  };
  // Asked by a run of any member, answered or canceled through any. Every engine minds the time of every question: the first
  // one's end counts.
  const leave = core.cluster.has("engine")
    ? parts.bus.subscribe(["inquiry"], ({ change, project, execution: id }) => {
        if (change === "ended") deadlines.clear(id);
        else void mindAsked(project, id);
      })
    : () => undefined;

  const pending = (project: string) =>
    parts.store.executions(project, { runner: INQUIRER, status: ["pending"], order: "ascending" }, {});

  return {
    waits(execution) {
      if (core.cluster.has("engine")) mind(execution);
      if (core.cluster.alone) return;
      parts.bus.publish({ topic: "inquiry", change: "asked", project: execution.project, execution: execution.id });
    },
    async list(project, filter, page) {
      const { route, answerableBy } = filter;
      const { items } = await pending(project);
      const all = items
        .map(inquiryOf)
        .filter((one) => route === undefined || one.route === route)
        .filter((one) => answerableBy === undefined || mayAnswer(one, answerableBy));
      const { offset = 0, limit } = page;
      return { items: all.slice(offset, limit === undefined ? undefined : offset + limit), total: all.length };
    },
    async get(project, id) {
      const execution = await required(project, id);
      refuseUnlessOpen(execution);
      return inquiryOf(execution);
    },
    async respond(principal: Principal, id: string, given: JsonObject) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const execution = await required(principal.project, id);
        refuseUnlessOpen(execution);
        const inquiry: Inquiry = inquiryOf(execution);
        refuseStranger(inquiry, principal);
        const response = checkAnswer(inquiry, given);
        const result = { ...execution.result, response };
        const bytes = Buffer.byteLength(JSON.stringify(result));
        if (bytes > parts.limits.resultBytes) {
          throw new Invalid("inquiry.answer.too-large", {
            message: `The response has ${bytes} bytes with its schema, and at most ${parts.limits.resultBytes} are kept; answer with less.`,
          });
        }
        if (await end(execution, "succeeded", result, { responded_by: principal.user })) {
          return { id, response: maskAnswer(result).response as JsonObject };
        }
      }
      throw new Conflict("inquiry.contended", {
        message: `Inquiry "${id}" changed while it was responded to; look at it again with \`squall inquiry get ${id}\`.`,
      });
    },
    async recover(projects) {
      for (const project of projects) {
        for (const execution of (await pending(project)).items) {
          mind(execution);
        }
      }
    },
    close() {
      leave();
      deadlines.close();
    },
  };
}
