import Type from "typebox";
import { HEALTH_PATHS, type HealthPath, healthReply } from "../http/health.ts";
import { openApiOf } from "../http/openapi.ts";
import { ok, type Reply, route, type Route } from "../http/route.ts";

const FreeObject = Type.Record(Type.String(), Type.Unknown());

/** Health, the API's description, and a page that says where things are. */
export function documentRoutes(others: readonly Route[]): Route[] {
  let document: string | undefined;
  const routes: Route[] = [
    ...healthRoutes(),
    route({
      method: "GET",
      path: "/openapi.json",
      summary: "Describes this API in OpenAPI 3.1.",
      verb: "view",
      resource: "document",
      response: FreeObject,
      handler: (call) => {
        document ??= JSON.stringify(openApiOf([...others, ...routes], call.context.settings.version));
        return { status: 200, bytes: document, headers: { "Content-Type": "application/json; charset=UTF-8" } };
      },
    }),
    route({
      method: "GET",
      path: "/",
      summary: "Says where things are.",
      verb: "view",
      resource: "health",
      auth: "none",
      response: FreeObject,
      handler: (call) => landing(call.headers.accept ?? ""),
    }),
    route({
      method: "GET",
      path: "/v1",
      summary: "Says which version answers.",
      verb: "view",
      resource: "document",
      response: Type.Object({ version: Type.String(), docs_url: Type.String() }),
      handler: (call) => ok({ version: call.context.settings.version, docs_url: "/v1/openapi.json" }),
    }),
  ];
  return routes;
}

const HEALTH_SUMMARIES: Readonly<Record<HealthPath, string>> = {
  "/health": "Says how the process and its parts are: 200 when it can take its work, else 503.",
  "/health/live": "Answers 200 while the process does: for who starts it again when it does not.",
  "/health/ready": "Says whether the process can take its work now, 200 or 503: for load balancers.",
};

/** While there is no API yet, or no more, `http/front.ts` answers the same. */
function healthRoutes(): Route[] {
  return HEALTH_PATHS.map((path) =>
    route({
      method: "GET",
      path,
      summary: HEALTH_SUMMARIES[path],
      verb: "view",
      resource: "health",
      auth: "none",
      response: Type.Object({ ok: Type.Boolean(), words: Type.String(), parts: Type.Optional(FreeObject) }),
      handler: (call) => healthReply(call.context.condition, path),
    }),
  );
}

// The page needs no sign-in, so it says nothing about this installation, not even its version.
const PLACES: readonly (readonly [path: string, what: string])[] = [
  ["/v1/openapi.json", "the whole API in OpenAPI 3.1 (sign in first)"],
  ["/v1/tokens", "sign in: POST with name and password"],
  ["/v1/webhooks/...", "where other systems send events: POST"],
  ["/v1/executions", "what ran and runs"],
  ["/v1/stream", "what happens, live"],
  ["/v1/health", "whether all is well"],
];

function landing(accept: string): Reply {
  if (!accept.includes("text/html")) {
    return ok({ name: "Squall", docs_url: "/v1/openapi.json", places: Object.fromEntries(PLACES) });
  }
  const rows = PLACES.map(([path, what]) => `<tr><td><code>${path}</code></td><td>${what}</td></tr>`).join("\n");
  const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Squall</title>
<style>body{font:16px/1.5 system-ui;max-width:44em;margin:3em auto;padding:0 1em}td{padding:.2em 1.5em .2em 0}</style>
<h1>Squall</h1>
<p>Something happens, a rule decides whether it matters, an action runs.</p>
<table>
${rows}
</table>
<p>On a terminal: <code>bin/squall --help</code></p>
</html>
`;
  return {
    status: 200,
    bytes: page,
    headers: {
      "Content-Type": "text/html; charset=UTF-8",
      "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    },
  };
}
