import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./network.ts";
import { type Program, startProgram } from "./program.ts";

/** One server of a NATS cluster with JetStream. */
export interface NatsNode extends AsyncDisposable {
  readonly host: Host;
  readonly port: number;
  start(): Promise<void>;
  kill(): Promise<void>;
  signal(name: "SIGSTOP" | "SIGCONT"): void;
}

const PROGRAM = "nats-server";
/** Debian keeps it where only root looks. */
const PATH = `${process.env.PATH ?? ""}:/usr/sbin:/usr/local/sbin`;

/** Why there can be no NATS here; undefined where there can. */
export function whyNoNats(): string | undefined {
  try {
    execFileSync(PROGRAM, ["--version"], { stdio: "ignore", env: { PATH } });
    return undefined;
  } catch {
    return "NATS's server is not installed (Debian: apt-get install nats-server)";
  }
}

export async function startNats(hosts: readonly Host[], folder: string): Promise<NatsNode[]> {
  mkdirSync(folder);
  const places = await Promise.all(
    hosts.map(async (host) => ({ host, port: await host.port(), routes: await host.port() })),
  );
  const routes = places.map(({ host, routes: port }) => `nats://${host.address}:${port}`);
  const nodes = places.map(({ host, port, routes: routePort }): NatsNode => {
    const store = join(folder, host.name);
    const config = join(folder, `${host.name}.conf`);
    writeFileSync(
      config,
      // Members know all nodes; a node that told them of the others would send them past a link that we cut.
      `server_name: ${host.name}
listen: "${host.address}:${port}"
jetstream { store_dir: ${JSON.stringify(store)}, max_mem: 64MB, max_file: 1GB }
cluster { name: squall, listen: "${host.address}:${routePort}", no_advertise: true, routes: ${JSON.stringify(routes)} }
`,
    );
    let server: Program | undefined;
    const kill = async () => {
      server?.signal("SIGKILL");
      await server?.ended;
    };
    return {
      host,
      port,
      async start() {
        const log = join(folder, `${host.name}.log`);
        server = startProgram({ host, program: PROGRAM, args: ["-c", config], env: { PATH }, cwd: folder, log });
        if ((await server.printed(/Server is ready/)) === undefined) throw new Error(`NATS:\n${server.output()}`);
      },
      kill,
      signal: (name) => server?.signal(name),
      [Symbol.asyncDispose]: kill,
    };
  });
  await Promise.all(nodes.map((node) => node.start()));
  return nodes;
}
