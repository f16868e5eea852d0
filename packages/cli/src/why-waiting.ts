import { type ApiExecution, type Client, ClientError } from "@squall/client";

/** Why an execution waits that nobody present can run; undefined when somebody can, or it does not wait. */
export async function whyWaiting(client: Client, execution: ApiExecution): Promise<string | undefined> {
  if (!["requested", "scheduled"].includes(execution.status)) return undefined;
  const cluster = await client.cluster().catch((thrown: unknown) => {
    // A server of StackStorm's knows no such thing.
    if (thrown instanceof ClientError && thrown.kind === "not-found") return undefined;
    throw thrown;
  });
  if (cluster === undefined) return undefined;
  const workers = cluster.members.filter(({ roles }) => roles.includes("worker"));
  if (workers.length === 0) return "It waits for a worker: no member of the cluster is one (`squall cluster status`).";
  const where = Object.entries((execution["where"] ?? {}) as Readonly<Record<string, string>>);
  if (workers.some(({ labels }) => where.every(([name, value]) => labels[name] === value))) return undefined;
  const wanted = where.map(([name, value]) => `${name}=${value}`).join(",");
  return `It waits for a worker with ${wanted}, and no member has that: start one with \`--labels ${wanted}\`.`;
}
