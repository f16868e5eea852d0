import type { Command } from "commander";
import { does, examples } from "../command.ts";

const COLUMNS = ["member", "roles", "labels", "running", "slots", "shards", "sensors", "seen", "url"];

export function define(group: Command): void {
  const command = group.command("status").description("show who takes part, what each does, and how much waits");
  examples(command, "squall cluster status", "squall cluster status --json");
  does(command, async ({ context }) => {
    const client = await context.client();
    const status = await client.cluster();
    if (context.out.format !== "table") return await context.out.one(status);
    const rows = status.members.map(({ id, roles, labels, slots, ...member }) => ({
      ...member,
      member: id,
      roles: roles.join(","),
      labels: Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(","),
      slots: slots.process + slots.inline,
    }));
    const { inline, process } = status.waiting;
    await context.out.list(rows, COLUMNS, "no members: the server that answers is about to join or to leave");
    const wait = inline + process;
    context.out.write(
      `\n${wait} ${wait === 1 ? "execution waits" : "executions wait"} for a slot (${process} that need a process); at ${status.limit} new ones are refused.\n`,
    );
    if (status.alone) context.out.write("One process does everything. docs/cluster.md says how to run more.\n");
    else if (!status.bus.ok)
      context.out.write("The bus does not answer: members find their work in the store, a little later.\n");
    const kinds = new Set(status.members.flatMap(({ roles }) => roles));
    for (const role of ["engine", "worker", "sources"]) {
      if (!kinds.has(role)) context.out.write(`No member has the role ${role}: start one with \`--roles ${role}\`.\n`);
    }
  });
}
