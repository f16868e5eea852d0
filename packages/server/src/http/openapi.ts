import type { JsonObject } from "@squall/model";
import type { TSchema } from "typebox";
import type { Route } from "./route.ts";

/** The OpenAPI 3.1 document of the route table: the schemas in it are those that requests are checked by. */
export function openApiOf(routes: readonly Route[], version: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const path = route.path === "/" || route.path === "/v1" ? route.path : `/v1${route.path}`.replaceAll("*}", "}");
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Squall",
      version,
      description:
        "Every path also answers without /v1 and below /api, /auth and /stream, as StackStorm's services do. " +
        "Lists are arrays; X-Total-Count says how many there are in all.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }, { apiKey: [] }, { bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: "apiKey", in: "header", name: "X-Auth-Token" },
        apiKey: { type: "apiKey", in: "header", name: "St2-Api-Key" },
        bearer: { type: "http", scheme: "bearer" },
        basic: { type: "http", scheme: "basic" },
      },
      schemas: {
        Error: {
          type: "object",
          required: ["faultstring"],
          properties: {
            faultstring: { type: "string", description: "What happened to which thing, and what to do next." },
            code: { type: "string", description: "Stable name of the error." },
            at: { type: "object", description: "Where: file, line, column, field." },
            "conflict-id": { type: "string", description: "id of what is in the way (409)." },
          },
        },
      },
      responses: {
        Error: {
          description: "It did not work; the body says why.",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
        },
      },
    },
  };
}

function operationOf(route: Route): JsonObject {
  const names = [...route.path.matchAll(/\{(\w+)\*?\}/g)].map(([, name]) => String(name));
  const parameters: JsonObject[] = names.map((name) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", minLength: 1 },
  }));
  for (const [name, schema] of Object.entries(route.query?.properties ?? {})) {
    const isList = (schema as { type?: unknown }).type === "array";
    parameters.push({
      name,
      in: "query",
      required: false,
      schema: plain(schema),
      ...(isList ? { style: "form", explode: false } : {}),
    });
  }
  const status = String(route.status ?? 200);
  const success: JsonObject = { description: "It worked." };
  if (route.response) success.content = { [route.produces ?? "application/json"]: { schema: plain(route.response) } };
  return {
    summary: route.summary,
    operationId: operationId(route),
    tags: [route.resource],
    "x-verb": route.verb,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.takesText
      ? { requestBody: { required: true, content: { "text/plain": { schema: { type: "string" } } } } }
      : {}),
    ...(route.takesBytes
      ? {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              route.takesBytes.map((type) => [type, { schema: { type: "string", format: "binary" } }]),
            ),
          },
        }
      : {}),
    ...(route.body
      ? { requestBody: { required: false, content: { "application/json": { schema: plain(route.body) } } } }
      : {}),
    ...(route.auth === "none" ? { security: route.resource === "token" ? [{ basic: [] }, {}] : [{}] } : {}),
    responses: { [status]: success, "4XX": { $ref: "#/components/responses/Error" } },
  };
}

/** Schemas carry marks of TypeBox that are no JSON. */
function plain(schema: TSchema): unknown {
  return JSON.parse(JSON.stringify(schema));
}

function operationId(route: Route): string {
  const words = route.path.split(/[/_]/).filter((word) => word !== "" && !word.startsWith("{"));
  const keys = [...route.path.matchAll(/\{(\w+)\*?\}/g)].map(([, name]) => `by_${name}`);
  return [route.method.toLowerCase(), ...words, ...keys].join("_");
}
