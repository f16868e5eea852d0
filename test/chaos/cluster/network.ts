import { execFileSync } from "node:child_process";
import { createLoopbackNetwork } from "./loopback-network.ts";
import { createNamespaceNetwork } from "./namespace-network.ts";

/** One machine of the cluster, as far as this machine can play it. */
export interface Host {
  readonly name: string;
  /** What programs on it listen on. */
  readonly address: string;
  /** A port that no other program of the cluster has. */
  port(): Promise<number>;
  /** The command that runs a program on it. The process id stays the program's own. */
  command(program: string, args: readonly string[], as?: UserIds): readonly [string, ...string[]];
}

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * How a link fails. `drop`: packets vanish both ways, and nobody is told. `oneway`: what is asked arrives, the answers
 * vanish. `reset`: connections break at once, and new ones are refused.
 */
export const CUTS = ["drop", "oneway", "reset"] as const;
export type Cut = (typeof CUTS)[number];

/** The links between the hosts. */
export interface Network extends AsyncDisposable {
  readonly kind: "namespaces" | "loopback";
  host(name: string): Promise<Host>;
  /** Where a program on `from` finds what listens at `port` on `to`. */
  reach(from: Host, to: Host, port: number): Promise<Address>;
  cut(from: Host, to: Host, how: Cut): Promise<void>;
  heal(from: Host, to: Host): Promise<void>;
}

/** Why hosts cannot have network namespaces here; undefined where they can. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "making network namespaces takes root";
  const probe = `squallprobe${process.pid}`;
  try {
    for (const tool of ["nsenter", "ss"]) execFileSync(tool, ["--version"], { stdio: "ignore" });
    execFileSync("ip", ["netns", "add", probe], { stdio: "ignore" });
    execFileSync("ip", ["netns", "delete", probe], { stdio: "ignore" });
    return undefined;
  } catch {
    return "this machine does not let us make network namespaces";
  }
}

export async function openNetwork(kind: Network["kind"]): Promise<Network> {
  return kind === "namespaces" ? createNamespaceNetwork() : createLoopbackNetwork();
}
