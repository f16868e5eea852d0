import type { IncomingMessage, ServerResponse } from "node:http";
import { NotFound, type SquallError, Unavailable } from "@squall/model";
import type { Context } from "../context.ts";
import type { Condition } from "../starting/condition.ts";
import type { Listener } from "./app.ts";
import { HEALTH_PATHS, healthReply } from "./health.ts";
import { normalizePath } from "./path.ts";
import { errorReply, requestIdOf, writeReply } from "./reply.ts";

/**
 * What stands at the port from the first moment to the last. It says how the process is; the API is behind it while there
 * is one. Before and after, and in a process that has none, everything else is refused with the reason.
 */
export interface Front {
  readonly listener: Listener;
  /** Lets requests through to the API. */
  open(api: Listener): void;
  /** Lets nothing more through; resolves when what is under way is answered, or after `timeoutMs`. */
  shut(timeoutMs: number): Promise<void>;
}

/** Callers come back after so long; starting takes seconds, and so does finding another process. */
const RETRY_SECONDS = 2;

export function createFront(
  context: Pick<Context, "condition" | "log" | "settings">,
  { hasApi }: { readonly hasApi: boolean },
): Front {
  let api: Listener | undefined;
  let underWay = 0;
  let whenIdle: (() => void) | undefined;

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const requestId = requestIdOf(incoming);
    const [path = "/"] = (incoming.url ?? "/").split(/[?#]/, 1);
    const asked = incoming.method === "GET" ? HEALTH_PATHS.find((one) => one === normalizePath(path)) : undefined;
    if (asked) {
      writeReply(context, outgoing, await healthReply(context.condition, asked), requestId);
      return;
    }
    const error = refusal(context.condition, hasApi);
    const reply = {
      status: error.status,
      json: { faultstring: error.message, code: error.code },
      headers: { Connection: "close", ...(error instanceof Unavailable && { "Retry-After": String(RETRY_SECONDS) }) },
    };
    writeReply(context, outgoing, reply, requestId);
  };

  return {
    listener(incoming, outgoing) {
      if (api) {
        underWay++;
        outgoing.once("close", () => {
          if (--underWay === 0) whenIdle?.();
        });
        api(incoming, outgoing);
        return;
      }
      answer(incoming, outgoing).catch((error: unknown) => {
        writeReply(
          context,
          outgoing,
          errorReply(context, error, requestIdOf(incoming), "health"),
          requestIdOf(incoming),
        );
      });
    },
    open(given) {
      api = given;
    },
    async shut(timeoutMs) {
      api = undefined;
      if (underWay === 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        whenIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}

function refusal(condition: Condition, hasApi: boolean): SquallError {
  if (!hasApi) {
    return new NotFound("server.no-api", {
      message: "This process has not the role api and answers GET /health alone. Ask one that has.",
    });
  }
  if (condition.stage === "stopping") {
    return new Unavailable("server.stopping", {
      message: "This server is stopping and takes nothing new. Try again: another one, or this one when it is back.",
    });
  }
  return new Unavailable("server.starting", {
    message: `This server is not ready yet (${condition.words}). Try again in a moment; GET /health says how far it is.`,
  });
}
