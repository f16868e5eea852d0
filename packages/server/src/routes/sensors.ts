import { formatMicros, type JsonObject, type Micros } from "@squall/model";
import type { SensorStatus } from "@squall/sources";
import Type from "typebox";
import { PAGING, pagingHeaders, pagingOf, slice } from "../http/paging.ts";
import { ok, type Reply, route, type Route } from "../http/route.ts";

/** Processes of sensors. StackStorm does not show them, so these paths are ours; `/sensortypes` is StackStorm's. */

const Text = Type.Optional(Type.String());

const SensorView = Type.Object({
  id: Type.String({ description: "The sensor's ref, with @name for a named instance." }),
  ref: Type.String(),
  instance: Type.Optional(Type.String({ description: "Name of the instance; absent for the sensor itself." })),
  pack: Type.String(),
  enabled: Type.Boolean(),
  state: Type.String({
    enum: ["disabled", "stopped", "starting", "running", "stopping", "backing-off", "failed"],
    description:
      "backing-off: it ended and is started again; failed: it did not get as far as running, and is tried again.",
  }),
  reason: Type.Optional(Type.String({ description: "Why it is in this state." })),
  since: Type.String({ description: "When it got into this state." }),
  pid: Type.Optional(Type.Integer()),
  started_at: Text,
  restarts: Type.Integer({ description: "Since the server started." }),
  last_error: Type.Optional(Type.Object({ message: Type.String(), at: Type.String() })),
  last_exit: Type.Optional(
    Type.Object({ code: Type.Integer({ description: "Negative: the signal that ended it." }), at: Type.String() }),
  ),
  next_attempt: Text,
  poll_interval: Type.Optional(Type.Number()),
  trigger_types: Type.Array(Type.String()),
  events: Type.Integer({ description: "Events dispatched since the server started." }),
  events_refused: Type.Integer(),
  throttled: Type.Boolean({ description: "It dispatches more than it may, and is made to wait." }),
});

function sensorView(status: SensorStatus): JsonObject {
  const { instance, lastError, lastExit } = status;
  const at = (name: string, time: Micros | undefined) => (time === undefined ? {} : { [name]: formatMicros(time) });
  return {
    id: instance.id,
    ref: instance.ref,
    ...(instance.name !== undefined && { instance: instance.name }),
    pack: instance.pack,
    enabled: instance.enabled,
    state: status.state,
    ...(status.reason !== undefined && { reason: status.reason }),
    since: formatMicros(status.since),
    ...(status.pid !== undefined && { pid: status.pid }),
    ...at("started_at", status.startedAt),
    restarts: status.restarts,
    ...(lastError && { last_error: { message: lastError.message, at: formatMicros(lastError.at) } }),
    ...(lastExit && { last_exit: { code: lastExit.code, at: formatMicros(lastExit.at) } }),
    ...at("next_attempt", status.nextAttempt),
    ...(instance.pollInterval !== undefined && { poll_interval: instance.pollInterval }),
    trigger_types: instance.triggerTypes,
    events: status.events,
    events_refused: status.refused,
    throttled: status.throttled,
  };
}

/** What one answer carries of a log. */
const LOG_BYTES = 256 * 1024;
const LOG_LINES = 200;
/** Less than proxies usually wait for an answer. */
const MOST_WAIT_S = 30;

export const SENSOR_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/sensors",
    summary: "Lists the processes of sensors with their states.",
    verb: "list",
    resource: "sensor",
    query: Type.Object({ ...PAGING, pack: Text, ref: Text, state: Text }),
    response: Type.Array(SensorView),
    handler: async (call) => {
      const { pack, ref, state } = call.query;
      const paging = pagingOf(call, "sensor", undefined);
      const found = (await call.context.engine.sensors.list(call.project)).filter(
        (one) =>
          (pack === undefined || one.instance.pack === pack) &&
          (ref === undefined || one.instance.ref === ref) &&
          (state === undefined || one.state === state),
      );
      return ok(slice(found, paging).map(sensorView), pagingHeaders(paging, found.length));
    },
  }),
  route({
    method: "GET",
    path: "/sensors/{id}",
    summary: "Shows the process of a sensor.",
    verb: "view",
    resource: "sensor",
    response: SensorView,
    handler: async (call) => ok(sensorView(await call.context.engine.sensors.get(call.project, call.param("id")))),
  }),
  route({
    method: "GET",
    path: "/sensors/{id}/log",
    summary: "What a sensor printed, and what became of its processes. X-Log-Position says where to go on.",
    verb: "view",
    resource: "sensor",
    query: Type.Object({
      lines: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 100_000, description: `The last ones; ${LOG_LINES} without \`after\`.` }),
      ),
      after: Type.Optional(Type.Integer({ minimum: 0, description: "Only what came after this position." })),
      wait: Type.Optional(
        Type.Integer({ minimum: 0, maximum: MOST_WAIT_S, description: "Seconds to wait for something after it." }),
      ),
    }),
    produces: "text/plain",
    response: Type.String(),
    handler: async (call): Promise<Reply> => {
      const { lines, after, wait } = call.query;
      const asked = {
        bytes: LOG_BYTES,
        ...(after !== undefined && { after }),
        ...(lines !== undefined ? { lines } : after === undefined && { lines: LOG_LINES }),
      };
      const { outgoing } = call;
      const gone = new AbortController();
      const onClose = () => gone.abort();
      outgoing.once("close", onClose);
      try {
        const waiting = wait ? { wait: AbortSignal.any([gone.signal, AbortSignal.timeout(wait * 1000)]) } : {};
        const { sensors } = call.context.engine;
        const part = await sensors.log(call.project, call.param("id"), { ...asked, ...waiting });
        return {
          status: 200,
          bytes: part.text,
          headers: {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Log-Position": String(part.position),
            "Cache-Control": "no-store",
          },
        };
      } finally {
        outgoing.removeListener("close", onClose);
      }
    },
  }),
  route({
    method: "POST",
    path: "/sensors/{id}/start",
    summary: "Starts a sensor that was stopped, or tries again at once.",
    verb: "modify",
    resource: "sensor",
    response: SensorView,
    handler: async (call) => ok(sensorView(await call.context.engine.sensors.start(call.project, call.param("id")))),
  }),
  route({
    method: "POST",
    path: "/sensors/{id}/stop",
    summary: "Ends a sensor's process, until it is started again or the server is. To end it for good, disable it.",
    verb: "modify",
    resource: "sensor",
    response: SensorView,
    handler: async (call) => {
      const { sensors } = call.context.engine;
      return ok(sensorView(await sensors.stop(call.project, call.param("id"), call.principal.user)));
    },
  }),
  route({
    method: "POST",
    path: "/sensors/{id}/restart",
    summary: "Ends a sensor's process and starts another one, with its configuration as it is now.",
    verb: "modify",
    resource: "sensor",
    response: SensorView,
    handler: async (call) => ok(sensorView(await call.context.engine.sensors.restart(call.project, call.param("id")))),
  }),
];
