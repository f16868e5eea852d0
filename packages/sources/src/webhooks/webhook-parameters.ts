import { isObject, type JsonObject } from "@squall/model";

export const WEBHOOK_TYPE = "core.st2.webhook";

/** How a webhook's callers prove who they are. */
export type WebhookAuth =
  /** A Squall token or API key; what holds when nothing is said. */
  | { readonly type: "token" }
  | { readonly type: "none" }
  /** A signature over the body in a header, as GitHub and others send it. */
  | {
      readonly type: "hmac";
      readonly header: string;
      /** sha256 when absent. */
      readonly algorithm?: HmacAlgorithm;
      /** Stands before the signature in the header, such as `sha256=`. */
      readonly prefix?: string;
      /** Name of the system-scoped datastore key that holds the secret. */
      readonly key: string;
    };

export const HMAC_ALGORITHMS = ["sha1", "sha256", "sha512"] as const;
export type HmacAlgorithm = (typeof HMAC_ALGORITHMS)[number];

/** StackStorm's schema of the trigger type's parameters, with `auth` added; `checkWebhookParameters` says more. */
export const WEBHOOK_PARAMETERS: JsonObject = {
  type: "object",
  properties: {
    url: { type: "string" },
    auth: {
      type: "object",
      properties: {
        type: { type: "string", enum: ["token", "none", "hmac"] },
        header: { type: "string", description: "Name of the header that carries the signature." },
        algorithm: { type: "string", enum: HMAC_ALGORITHMS, default: "sha256" },
        prefix: { type: "string", description: "What stands before the signature, such as sha256=.", default: "" },
        key: { type: "string", description: "Name of the system-scoped datastore key that holds the secret." },
      },
      required: ["type"],
      additionalProperties: false,
    },
  },
  required: ["url"],
  additionalProperties: false,
};

/** What a webhook's event carries. */
export const WEBHOOK_PAYLOAD: JsonObject = {
  type: "object",
  properties: {
    headers: { type: "object" },
    headers_lower: { type: "object" },
    body: { anyOf: [{ type: "array" }, { type: "object" }] },
  },
};

/** A webhook's url as it is compared: slashes at its ends do not count. */
export function normalizeUrl(path: string): string {
  let start = 0;
  let end = path.length;
  while (start < end && path[start] === "/") start++;
  while (end > start && path[end - 1] === "/") end--;
  return path.slice(start, end);
}

/** Everything that keeps a webhook trigger's parameters from making a webhook; empty when they do. */
export function checkWebhookParameters(parameters: JsonObject): string[] {
  const problems = Object.keys(parameters)
    .filter((name) => name !== "url" && name !== "auth")
    .map((name) => `Additional properties are not allowed ('${name}' was unexpected)`);
  const { url, auth } = parameters;
  if (url === undefined) problems.push("'url' is a required property");
  else if (typeof url !== "string") problems.push("url: must be text");
  else if (normalizeUrl(url) === "") problems.push("url: is empty");
  else if (normalizeUrl(url) === "st2") problems.push("url: st2 is the generic webhook's; choose another");
  else if (/[?#\s]/.test(url)) problems.push(`url: "${url}" has a ?, # or space in it; only a path is matched`);
  return auth === undefined ? problems : [...problems, ...checkAuth(auth)];
}

function checkAuth(auth: unknown): string[] {
  if (!isObject(auth)) return ["auth: must be an object such as {type: hmac, header: ..., key: ...}"];
  const allowed = auth.type === "hmac" ? ["type", "header", "algorithm", "prefix", "key"] : ["type"];
  if (auth.type !== "token" && auth.type !== "none" && auth.type !== "hmac") {
    return [`auth.type: must be token, none or hmac, not ${JSON.stringify(auth.type) ?? "nothing"}`];
  }
  const problems = Object.keys(auth)
    .filter((name) => !allowed.includes(name))
    .map((name) => `auth.${name}: has no meaning with type ${String(auth.type)}`);
  if (auth.type !== "hmac") return problems;
  const { header, algorithm, prefix, key } = auth;
  if (typeof header !== "string" || !/^[\w!#$%&'*+.^`|~-]+$/.test(header)) {
    problems.push("auth.header: must be the name of the header that carries the signature");
  }
  if (algorithm !== undefined && !HMAC_ALGORITHMS.some((one) => one === algorithm)) {
    problems.push(`auth.algorithm: must be one of ${HMAC_ALGORITHMS.join(", ")}`);
  }
  if (prefix !== undefined && typeof prefix !== "string") problems.push("auth.prefix: must be text such as sha256=");
  if (typeof key !== "string" || key === "") {
    problems.push("auth.key: must be the name of the system-scoped datastore key that holds the secret");
  }
  return problems;
}

/** The auth of checked parameters, with what was left out: a token; sha256 without a prefix. */
export function webhookAuth(parameters: JsonObject): WebhookAuth {
  const auth = isObject(parameters.auth) ? parameters.auth : {};
  if (auth.type === "none") return { type: "none" };
  if (auth.type !== "hmac") return { type: "token" };
  return {
    type: "hmac",
    header: String(auth.header),
    algorithm: HMAC_ALGORITHMS.find((one) => one === auth.algorithm) ?? "sha256",
    prefix: typeof auth.prefix === "string" ? auth.prefix : "",
    key: String(auth.key),
  };
}
