import { DEFAULT_URL } from "@squall/client";

/** Where to go and as whom, before the stored login is looked at. */
export interface Connection {
  readonly url: string;
  readonly token?: string;
  readonly apiKey?: string;
}

export interface ConnectionFlags {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly apiKey?: string | undefined;
}

/** Flags before `SQUALL_*` before the variables of StackStorm's client before the default. */
export function connectionOf(flags: ConnectionFlags, env: NodeJS.ProcessEnv): Connection {
  const url = flags.url || env.SQUALL_URL || env.ST2_API_URL || stackstormBase(env.ST2_BASE_URL) || DEFAULT_URL;
  if (flags.token) return { url, token: flags.token };
  if (flags.apiKey) return { url, apiKey: flags.apiKey };
  if (env.SQUALL_TOKEN) return { url, token: env.SQUALL_TOKEN };
  if (env.SQUALL_API_KEY) return { url, apiKey: env.SQUALL_API_KEY };
  if (env.ST2_AUTH_TOKEN) return { url, token: env.ST2_AUTH_TOKEN };
  if (env.ST2_API_KEY) return { url, apiKey: env.ST2_API_KEY };
  return { url };
}

/** StackStorm's base address has no port; its client adds the API's. */
function stackstormBase(base: string | undefined): string | undefined {
  if (!base) return undefined;
  const trimmed = base.replace(/\/+$/, "");
  return /:\d+$/.test(trimmed) ? trimmed : `${trimmed}:9101`;
}
