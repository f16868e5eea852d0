import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { promisify } from "node:util";
import type { Cut, Host, Network } from "./network.ts";

const run = promisify(execFile);
const ip = (...args: string[]) => run("ip", args);

/** Names of namespaces and links begin with this and the process that made them. */
const PREFIX = "sqc";
/** Nobody has this address, so what is sent to it goes nowhere, silently. */
const NOBODY = "02:00:00:00:00:fe";
const FOLDER = "/run/netns";

/**
 * Each host is a network namespace with one link to a bridge. A link is cut by teaching the hosts a wrong hardware
 * address of each other, which takes no packet filter: frames leave and arrive nowhere.
 */
export async function createNamespaceNetwork(): Promise<Network> {
  await sweep();
  const bridge = `${PREFIX}${process.pid}`;
  const net = await freeNet(bridge);
  const hosts: Host[] = [];
  let ports = 20_000;
  const inside = (host: Host, ...args: string[]) => run("ip", ["-n", namespaceOf(host), ...args]);
  const namespaceOf = ({ name }: Host) => `${bridge}-${name}`;
  /** `host` no longer gets through to `other`. */
  const loseWay = (host: Host, other: Host) =>
    inside(host, "neigh", "replace", other.address, "lladdr", NOBODY, "dev", "eth0", "nud", "permanent");
  /** What is not there need not be removed. */
  const findWay = async (host: Host, other: Host) => {
    await inside(host, "neigh", "delete", other.address, "dev", "eth0").catch(() => undefined);
    await inside(host, "route", "delete", "unreachable", `${other.address}/32`).catch(() => undefined);
  };
  return {
    kind: "namespaces",
    async host(name) {
      const number = hosts.length + 2;
      const namespace = `${bridge}-${name}`;
      const link = `${bridge}.${number}`;
      const address = `${net}.${number}`;
      await ip("netns", "add", namespace);
      await ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", namespace);
      await ip("link", "set", link, "master", bridge, "up");
      await ip("-n", namespace, "address", "add", `${address}/24`, "dev", "eth0");
      for (const device of ["eth0", "lo"]) await ip("-n", namespace, "link", "set", device, "up");
      const host: Host = {
        name,
        address,
        port: async () => ports++,
        command: (program, args, as) => [
          "nsenter",
          `--net=${FOLDER}/${namespace}`,
          ...(as ? ["-S", String(as.uid), "-G", String(as.gid)] : []),
          program,
          ...args,
        ],
      };
      hosts.push(host);
      return host;
    },
    reach: async (_, to, port) => ({ host: to.address, port }),
    async cut(from: Host, to: Host, how: Cut) {
      if (how === "reset") {
        await inside(from, "route", "replace", "unreachable", `${to.address}/32`);
        const kill = (host: Host, other: Host) =>
          run("nsenter", [`--net=${FOLDER}/${namespaceOf(host)}`, "ss", "-K", "dst", other.address]);
        // The kernel refuses to end a connection that is ending by itself, and says so; the others are ended.
        await kill(from, to).catch(() => undefined);
        await kill(to, from).catch(() => undefined);
        return;
      }
      await loseWay(to, from);
      if (how === "drop") await loseWay(from, to);
    },
    async heal(from, to) {
      await findWay(from, to);
      await findWay(to, from);
    },
    async [Symbol.asyncDispose]() {
      for (const host of hosts) await ip("netns", "delete", namespaceOf(host));
      await ip("link", "delete", bridge);
    },
  };
}

/** Makes the bridge with an address in a net that nothing here uses. Answers the net's first three numbers. */
async function freeNet(bridge: string): Promise<string> {
  await ip("link", "add", bridge, "type", "bridge");
  const { stdout } = await ip("-4", "address");
  const free = Array.from({ length: 250 }, (_, index) => `10.213.${(process.pid + index) % 250}`);
  const net = free.find((one) => !stdout.includes(` ${one}.`));
  if (net === undefined) throw new Error("every net of 10.213.0.0/16 is in use on this machine");
  await ip("address", "add", `${net}.1/24`, "dev", bridge);
  await ip("link", "set", bridge, "up");
  return net;
}

/** Removes what runs left that were killed. */
async function sweep(): Promise<void> {
  const isDead = (name: string) => {
    const pid = /^sqc(\d+)\b/.exec(name)?.[1];
    if (pid === undefined) return false;
    try {
      process.kill(Number(pid), 0);
      return false;
    } catch {
      return true;
    }
  };
  const namespaces = await Promise.resolve()
    .then(() => readdirSync(FOLDER))
    .catch(() => []); // there never was one
  for (const name of namespaces.filter(isDead)) await ip("netns", "delete", name).catch(() => undefined); // another run sweeps as well
  for (const name of readdirSync("/sys/class/net").filter((one) => !one.includes(".") && isDead(one))) {
    await ip("link", "delete", name).catch(() => undefined);
  }
}
