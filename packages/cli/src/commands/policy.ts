import type { Command } from "commander";
import { addCreate, addDelete, addGet, addList, addUpdate, type ResourceKind } from "../resource.ts";

const POLICY: ResourceKind = {
  noun: "policy",
  plural: "policies",
  collection: (client) => client.policies,
  argument: "policy-ref",
  columns: ["ref", "resource_ref", "policy_type", "enabled"],
  empty: "no policies: `squall policy create FILE` makes one",
};

export function define(group: Command): void {
  addList(group, POLICY, {
    filters: [{ flags: "-p, --pack <pack>", description: "of this pack", query: "pack" }],
  });
  addGet(group, POLICY);
  addCreate(group, POLICY);
  addUpdate(group, POLICY);
  addDelete(group, POLICY);
}
