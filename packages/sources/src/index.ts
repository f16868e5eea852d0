/** Where events come from: the port `Source` and one folder per kind. */
import type { Source } from "./port.ts";
export type { Emission, Source } from "./port.ts";
export const normalizeUrl = (url: string) => url.replace(/^\/+|\/+$/g, "");
export const checkTimerParameters = (_type: string, _parameters: unknown): string[] => [];
export const checkWebhookParameters = (_parameters: unknown): string[] => [];
// biome-ignore lint: replaced by the merge of the sources room
export const createTimerSource = (_deps: { fire(timer: import("@squall/model").TimerState, expect: number, emission: import("./port.ts").Emission | undefined): Promise<boolean>; [k: string]: unknown }): Source => ({ triggerTypes: [], add() {}, remove() {}, async start() {}, async [Symbol.asyncDispose]() {} });
