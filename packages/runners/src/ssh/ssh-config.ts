import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Invalid, messageOf } from "@squall/model";
import { matchesPattern } from "./known-hosts.ts";

/** What an ssh_config file says about one host. */
export interface HostConfig {
  readonly hostName?: string;
  readonly user?: string;
  readonly port?: number;
  readonly identityFiles: readonly string[];
}

/** The text of the file, or none. Throws Invalid when it cannot be read. */
export async function readConfig(file: string | undefined): Promise<string> {
  if (file === undefined) return "";
  return readFile(file, "utf8").catch((thrown: unknown) => {
    throw new Invalid("runner.ssh.config", {
      message: `the SSH configuration ${file} cannot be read: ${messageOf(thrown)}. Correct --ssh-config.`,
      cause: thrown,
    });
  });
}

/**
 * As ssh_config(5): for each keyword the first value counts whose `Host` line fits. Of its keywords these are read:
 * Host, HostName (with %h), User, Port, IdentityFile. `Match` blocks never fit, `Include` is passed over.
 */
export function findConfig(text: string, host: string): HostConfig {
  const name = host.toLowerCase();
  const found = new Map<string, string>();
  const identityFiles: string[] = [];
  let fits = true;
  for (const line of text.split("\n")) {
    const [, keyword, rest] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
    if (keyword === undefined || rest === undefined) continue;
    const key = keyword.toLowerCase();
    const value = rest.replace(/^"(.*)"$/, "$1");
    if (key === "match") fits = false;
    else if (key === "host") fits = fitsHost(value, name);
    else if (!fits) continue;
    else if (key === "identityfile") identityFiles.push(expanded(value));
    else if (!found.has(key)) found.set(key, value);
  }
  const port = Number(found.get("port"));
  return {
    ...(found.has("hostname") && { hostName: (found.get("hostname") ?? "").replaceAll("%h", host) }),
    ...(found.has("user") && { user: found.get("user") ?? "" }),
    ...(port >= 1 && port <= 65_535 && { port }),
    identityFiles,
  };
}

function fitsHost(patterns: string, name: string): boolean {
  let fits = false;
  for (const pattern of patterns.toLowerCase().split(/\s+/)) {
    const negated = pattern.startsWith("!");
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    fits = true;
  }
  return fits;
}

function expanded(path: string): string {
  if (path === "~" || path.startsWith("~/")) return join(homedir(), path.slice(1));
  return path.replaceAll("%d", homedir());
}
