import type { ResourceKind } from "../resource.ts";

export const ACTION: ResourceKind = {
  noun: "action",
  plural: "actions",
  collection: (client) => client.actions,
  argument: "action-ref",
  columns: ["ref", "pack", "description"],
  empty: "no actions: `squall pack register DIR` brings those of a pack",
};

export const RULE: ResourceKind = {
  noun: "rule",
  plural: "rules",
  collection: (client) => client.rules,
  argument: "rule-ref",
  columns: ["ref", "pack", "description", "enabled"],
  empty: "no rules: `squall rule create FILE` makes one, `squall pack register DIR` brings those of a pack",
};
