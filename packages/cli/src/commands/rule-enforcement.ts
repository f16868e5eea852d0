import type { Command } from "commander";
import { addGet, addList, type ResourceKind } from "../resource.ts";

const ENFORCEMENT: ResourceKind = {
  noun: "rule enforcement",
  plural: "rule enforcements",
  collection: (client) => client.ruleEnforcements,
  argument: "rule-enforcement-id",
  columns: ["id", "rule.ref", "trigger_instance_id", "execution_id", "status", "enforced_at"],
  empty:
    "no rule has fired: `squall trigger-instance list` shows what happened, `squall rule test` why a rule did not match",
};

export function define(group: Command): void {
  addList(group, ENFORCEMENT, {
    filters: [
      { flags: "--rule <rule-ref>", description: "of this rule", query: "rule_ref" },
      { flags: "--trigger-instance <id>", description: "caused by this event", query: "trigger_instance" },
      { flags: "--execution <id>", description: "that led to this execution", query: "execution" },
      {
        flags: "--timestamp-gt <time>",
        description: "after, for example 2026-11-22T09:00:00Z",
        query: "enforced_at_gt",
      },
      { flags: "--timestamp-lt <time>", description: "before", query: "enforced_at_lt" },
    ],
    pageOf: 50,
    example: "squall rule-enforcement list --rule examples.on_alert",
  });
  addGet(group, ENFORCEMENT);
}
