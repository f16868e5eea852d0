/** Where events come from: the port `Source` and one folder per kind. */
export type { Emission, Source } from "./port.ts";
export { checkTimerParameters } from "./timers/schedule.ts";
export { createTimerSource, type TimerDeps } from "./timers/timer-source.ts";
export { TIMER_PARAMETERS, TIMER_PAYLOAD } from "./timers/trigger-types.ts";
export const normalizeUrl = (url: string) => url.replace(/^\/+|\/+$/g, "");
export const checkWebhookParameters = (_parameters: unknown): string[] => [];
