import { Invalid, messageOf, SquallError, Unavailable } from "@squall/model";
import type { RunnerSettings } from "../options.ts";
import type { Job, JobIO, Outcome, Runner } from "../port.ts";
import { abortOutcome } from "../stopped.ts";
import { openConnections } from "./dispatcher.ts";
import { exchange } from "./exchange.ts";
import { PARAMETERS } from "./parameters.ts";
import { decodeBody } from "./response.ts";

const DEFAULT_TIMEOUT_SECONDS = 60;
const LONGEST_MS = 2 ** 31 - 1;

/** Sends one HTTP request (and its redirects). The whole exchange has to end within the action's `timeout`. */
export function createHttpRequest(settings: RunnerSettings): Runner {
  return {
    name: "http-request",
    description: "A HTTP client for running HTTP actions.",
    module: "http_runner.http_runner",
    lane: "inline",
    parameters: PARAMETERS,
    outputKey: "body",
    outputSchema: {
      status_code: { type: "integer" },
      body: { anyOf: ["array", "boolean", "integer", "null", "number", "object", "string"].map((type) => ({ type })) },
      parsed: { type: "boolean" },
      headers: { type: "object" },
    },
    run: (job, io) => run(settings, job, io),
  };
}

async function run(settings: RunnerSettings, job: Job, io: JobIO): Promise<Outcome> {
  const seconds = timeoutSeconds(job);
  const deadline = AbortSignal.timeout(Math.min(seconds * 1000, LONGEST_MS));
  try {
    io.signal.throwIfAborted();
    await using connections = openConnections(job.runnerParameters, settings.environment);
    const answer = await exchange(
      job.runnerParameters,
      job.actionParameters,
      { userAgent: `st2/v${settings.version}`, actionName: job.action.name },
      { connections, signal: AbortSignal.any([io.signal, deadline]), responseBytes: settings.responseBytes },
    );
    const { body, parsed } = decodeBody(answer.body, answer.headers.get("content-type"));
    return {
      status: answer.status >= 200 && answer.status <= 206 ? "succeeded" : "failed",
      result: { status_code: answer.status, body, parsed, headers: answer.headers.shown },
    };
  } catch (thrown) {
    if (io.signal.aborted) return abortOutcome(io.signal);
    if (deadline.aborted)
      return { status: "timeout", result: { error: `the request did not end within ${seconds} seconds` } };
    throw explained(thrown, job);
  }
}

function timeoutSeconds(job: Job): number {
  const given = Number(job.actionParameters.timeout ?? DEFAULT_TIMEOUT_SECONDS);
  return Number.isFinite(given) && given >= 0 ? given : DEFAULT_TIMEOUT_SECONDS;
}

/** Names the server but never the whole URL, which may hold a token. */
function explained(thrown: unknown, job: Job): unknown {
  if (thrown instanceof SquallError) return thrown;
  const host = URL.parse(String(job.runnerParameters.url))?.host ?? "the server";
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED")
    return new Invalid("runner.http.request", { message: `cannot send this request to ${host}: ${messageOf(thrown)}` });
  return new Unavailable("runner.http.failed", {
    message: `the request to ${host} failed: ${messageOf(thrown) || code || "no reason given"}`,
    cause: thrown,
  });
}
