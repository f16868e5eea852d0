import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { ROOT } from "../../e2e/server-process.ts";
import { writePack } from "./content.ts";
import { createMember, type Life, type Member, type Role } from "./members.ts";
import { type NatsNode, startNats } from "./nats.ts";
import { type Cut, type Host, type Network, openNetwork } from "./network.ts";
import { type Postgres, startPostgres } from "./postgres.ts";

/** How many of each there are. */
export interface Shape {
  readonly members: Readonly<Record<Role, number>>;
  readonly nats: number;
}

export const CLUSTER: Shape = { members: { engine: 2, worker: 3, api: 2, sources: 2 }, nats: 3 };

/** What a member's links lead to. */
export const PEERS = ["postgres", "nats"] as const;
export type Peer = (typeof PEERS)[number];

export interface Cluster extends AsyncDisposable {
  readonly network: Network;
  readonly postgres: Postgres;
  readonly nats: readonly NatsNode[];
  readonly members: readonly Member[];
  /** A file with a line for each process that an execution started, and one for what the sensor did. */
  readonly ran: string;
  readonly sensed: string;
  /** The password of the administrator, whom the first member made. */
  readonly password: string;
  cut(member: Member, peer: Peer, how: Cut): Promise<void>;
  heal(member: Member, peer: Peer): Promise<void>;
  /** Processes that ended though nobody had told them to. */
  readonly unasked: readonly { readonly life: Life; readonly output: string }[];
}

export interface ClusterOptions {
  readonly folder: string;
  readonly network: Network["kind"];
  readonly shape: Shape;
  readonly say: (line: string) => void;
}

/** The first to start brings the database to its schema, makes the administrator and registers the packs. */
const START_ORDER: readonly Role[] = ["api", "engine", "worker", "sources"];

/** Whether this checkout's server can be one of many. */
export function whyNoCluster(): string | undefined {
  const options = readFileSync(join(ROOT, "packages/server/src/starting/bus.ts"), "utf8");
  return /\bopenNatsBus\b/.test(options) ? undefined : "this server cannot be one of many";
}

/** PostgreSQL, NATS and every member, which all answer. */
export async function startCluster({ folder, network: kind, shape, say }: ClusterOptions): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  chmodSync(folder, 0o755); // PostgreSQL runs as another user
  const packs = join(folder, "packs");
  const [ran, sensed] = [join(folder, "ran"), join(folder, "sensed")];
  for (const file of [ran, sensed]) writeFileSync(file, "");
  mkdirSync(packs);
  writePack(packs, ran, sensed);

  const network = stack.use(await openNetwork(kind));
  const postgres = stack.use(await startPostgres(await network.host("postgres"), join(folder, "postgres")));
  const natsHosts: Host[] = [];
  for (let number = 1; number <= shape.nats; number++) natsHosts.push(await network.host(`nats${number}`));
  const nats = natsHosts.length > 0 ? await startNats(natsHosts, join(folder, "nats")) : [];
  for (const node of nats) stack.use(node);
  say(`PostgreSQL and ${nats.length} NATS nodes answer (${network.kind})`);

  const keyFile = join(folder, "vault.key");
  writeFileSync(keyFile, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
  const unasked: { life: Life; output: string }[] = [];
  let isOver = false;
  stack.defer(() => {
    isOver = true;
  });
  const members: Member[] = [];
  const add = async (role: Role | "all", number: number) => {
    const host = await network.host(`${role}${number}`);
    const store = await network.reach(host, postgres.host, postgres.port);
    const buses = await Promise.all(nats.map((node) => network.reach(host, node.host, node.port)));
    const flags = [
      ...(role === "all" ? [] : ["--roles", role, "--key-file", keyFile]),
      // What the others run of the pack they have from the store.
      ...(role === "api" || role === "all" ? ["--packs", packs] : []),
      ...(role === "worker" ? ["--workers", "8"] : []),
      "--pack-index",
      "none",
    ];
    const api = members[0]?.address;
    const env = {
      ...(api && { SQUALL_PUBLIC_URL: `http://${api.host}:${api.port}` }),
      SQUALL_STORE: `postgres://postgres@${store.host}:${store.port}/squall`,
      ...(buses.length > 0 && { SQUALL_BUS: buses.map((one) => `nats://${one.host}:${one.port}`).join(",") }),
    };
    const onEnd = (life: Life, output: string) => {
      if (isOver) return;
      unasked.push({ life, output });
      // As a service manager would.
      setTimeout(() => {
        if (!isOver) void member.start();
      }, 500);
    };
    const member = await createMember({ name: host.name, role, host, folder, flags, env, onEnd });
    members.push(stack.use(member));
  };
  if (shape.nats === 0) await add("all", 1);
  else
    for (const role of START_ORDER)
      for (let number = 1; number <= shape.members[role]; number++) await add(role, number);

  const [first, ...others] = members;
  if (!first) throw new Error("a cluster needs a member");
  const program = await first.start();
  const password = (await program.printed(/^ +password +(\S+)/m))?.[1];
  if (password === undefined) throw new Error(`${first.name} made no administrator:\n${program.output()}`);
  say(`${first.name} answers`);
  await Promise.all(
    others.map(async (member) => {
      const started = await member.start();
      if (started.hasEnded) throw new Error(`${member.name} did not start:\n${started.output()}`);
    }),
  );
  say(`${members.length} members answer`);

  const hostsOf = (peer: Peer) => (peer === "postgres" ? [postgres.host] : nats.map((node) => node.host));
  const parts = stack.move();
  return {
    network,
    postgres,
    nats,
    members,
    ran,
    sensed,
    password,
    unasked,
    async cut(member, peer, how) {
      for (const host of hostsOf(peer)) await network.cut(member.host, host, how);
    },
    async heal(member, peer) {
      for (const host of hostsOf(peer)) await network.heal(member.host, host);
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
