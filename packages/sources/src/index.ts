/** Where events come from: the port `Source` and one folder per kind. */
export type { Emission, Source } from "./port.ts";
export {
  SENSOR_LIMITS,
  type SensorDeps,
  type SensorEvent,
  type SensorInstance,
  type SensorLimits,
  type SensorNews,
  type SensorSettings,
  type SensorStart,
  type SensorState,
  type SensorStatus,
} from "./sensors/sensor.ts";
export type { LogPart } from "./sensors/sensor-log.ts";
export { createSensorSource, type SensorSource } from "./sensors/source.ts";
export { checkTimerParameters } from "./timers/schedule.ts";
export { createTimerSource, type TimerDeps } from "./timers/timer-source.ts";
export { TIMER_PARAMETERS, TIMER_PAYLOAD } from "./timers/trigger-types.ts";
export {
  type DecodedWebhook,
  decodeWebhook,
  type WebhookHeaders,
  type WebhookRequest,
} from "./webhooks/decode-webhook.ts";
export { type SignedRequest, signatureProblem } from "./webhooks/verify-webhook.ts";
export {
  checkWebhookParameters,
  normalizeUrl,
  WEBHOOK_PARAMETERS,
  WEBHOOK_PAYLOAD,
  WEBHOOK_TYPE,
  type WebhookAuth,
  webhookAuth,
} from "./webhooks/webhook-parameters.ts";
