import { freePort } from "../../e2e/server-process.ts";
import { type CutProxy, startCutProxy } from "./cut-proxy.ts";
import type { Address, Host, Network } from "./network.ts";

/** All hosts are this machine; whoever wants to reach another goes through a proxy of their own, which can be cut. */
export async function createLoopbackNetwork(): Promise<Network> {
  const proxies = new Map<string, CutProxy>();
  const links = (from: Host, to: Host) =>
    [...proxies].filter(([key]) => key.startsWith(`${from.name}>${to.name}:`)).map(([, proxy]) => proxy);
  return {
    kind: "loopback",
    async host(name) {
      return {
        name,
        address: "127.0.0.1",
        port: freePort,
        command: (program, args) => [program, ...args],
      };
    },
    async reach(from, to, port): Promise<Address> {
      const key = `${from.name}>${to.name}:${port}`;
      const proxy = proxies.get(key) ?? (await startCutProxy({ host: to.address, port }));
      proxies.set(key, proxy);
      return { host: "127.0.0.1", port: proxy.port };
    },
    async cut(from, to, how) {
      for (const proxy of links(from, to)) proxy.cut(how);
    },
    async heal(from, to) {
      for (const proxy of links(from, to)) proxy.heal();
    },
    async [Symbol.asyncDispose]() {
      for (const proxy of proxies.values()) await proxy[Symbol.asyncDispose]();
    },
  };
}
