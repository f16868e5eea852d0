import { type JsonObject, SquallError } from "@squall/model";
import type { LogPart, SensorInstance, SensorStatus } from "@squall/sources";
import type { Core } from "../core.ts";
import { postOf } from "./posting.ts";

export type SensorCommand =
  | { readonly ask: "start"; readonly project: string; readonly id: string }
  | { readonly ask: "restart"; readonly project: string; readonly id: string }
  | { readonly ask: "stop"; readonly project: string; readonly id: string; readonly user: string };

/** What is asked of the member that runs a sensor. */
export type SensorQuestion =
  | SensorCommand
  | { readonly ask: "list"; readonly project: string }
  | {
      readonly ask: "log";
      readonly project: string;
      readonly id: string;
      readonly after?: number;
      readonly lines?: number;
      readonly bytes: number;
      readonly waitMs?: number;
    };

/** Sensors that run in other members. */
export interface FarSensors {
  /** Of all other members that answer. */
  list(project: string): Promise<SensorStatus[]>;
  /** The member that runs it, if any does. */
  memberOf(project: string, id: string): Promise<string | undefined>;
  ask(member: string, question: SensorQuestion, signal?: AbortSignal): Promise<JsonObject>;
  log(member: string, question: Extract<SensorQuestion, { ask: "log" }>, signal?: AbortSignal): Promise<LogPart>;
  serve(answer: (question: SensorQuestion, signal: AbortSignal) => Promise<JsonObject>): void;
  close(): void;
}

/** A stop waits for the sensor's clean-up. */
const ANSWER_MS = 15_000;
const LIST_MS = 2_000;
export const MOST_WAIT_MS = 30_000;
const AT_ONCE = 200;

const addressOf = (member: string): string => `sensors/${member}`;

export function createFarSensors({ parts, cluster }: Core): FarSensors {
  let unserve: (() => void) | undefined;
  const ask: FarSensors["ask"] = (member, question, signal) =>
    parts.bus.request(
      addressOf(member),
      { ...question },
      {
        timeoutMs: question.ask === "list" ? LIST_MS : ANSWER_MS + (question.ask === "log" ? MOST_WAIT_MS : 0),
        ...(signal && { signal }),
      },
    );
  return {
    async list(project) {
      const others = cluster.members().filter(({ id, roles }) => id !== parts.worker && roles.includes("sources"));
      const lists = await Promise.all(
        others.map(async ({ id }) => {
          try {
            const { sensors } = await ask(id, { ask: "list", project });
            return sensors as SensorStatus[]; // cast: answered by `serve` of another member
          } catch (error) {
            if (error instanceof SquallError) return []; // shown as not running
            throw error;
          }
        }),
      );
      return lists.flat();
    },
    async memberOf(project, id) {
      const name = postOf({ project, id });
      return (await parts.store.singletons()).find((one) => one.name === name)?.member;
    },
    ask,
    async log(member, question, signal) {
      return (await ask(member, question, signal)) as unknown as LogPart; // cast: answered by `serve` of another member
    },
    serve(answer) {
      unserve = parts.bus.serve(
        addressOf(parts.worker),
        (question, signal) => answer(question as unknown as SensorQuestion, signal), // cast: asked by `ask`
        { atOnce: AT_ONCE },
      );
    },
    close: () => unserve?.(),
  };
}

/** What is known of a sensor that runs nowhere, or whose member does not answer. */
export function nowhere(instance: SensorInstance, now: number): SensorStatus {
  return {
    instance,
    state: instance.enabled ? "stopped" : "disabled",
    since: now,
    ...(instance.enabled && {
      reason: "no member of the cluster with the role sources runs it, or it does not answer",
    }),
    restarts: 0,
    events: 0,
    refused: 0,
    throttled: false,
  };
}
