/**
 * What of the service's own environment a child process may see. StackStorm hands down all of it; here the list is
 * closed, because the service's environment may hold its keys, its data folder and its database's password.
 */
const PASSED: readonly string[] = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LANGUAGE",
  "LC_*",
  "TZ",
  "TMPDIR",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "all_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "REQUESTS_CA_BUNDLE",
  "SSH_AUTH_SOCK",
];

/** Where programs are looked for when the service itself was started without a PATH. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export type Environment = Readonly<Record<string, string>>;

/**
 * The part of `from` that child processes get, before the action's `env` and Squall's own variables. `also` names more
 * variables that the operator wants passed; a trailing `*` matches any rest. Names starting with `SQUALL_` never pass.
 */
export function baseEnvironment(from: NodeJS.ProcessEnv, also: readonly string[] = []): Environment {
  const patterns = [...PASSED, ...also];
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) {
    if (value === undefined || name.startsWith("SQUALL_")) continue;
    if (patterns.some((pattern) => matches(pattern, name))) out[name] = value;
  }
  out.PATH ??= DEFAULT_PATH;
  return out;
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
