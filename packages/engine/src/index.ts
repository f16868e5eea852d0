/** The loop: events, rules, executions; the only caller of `store.commit`. */
export { createEngine } from "./create-engine.ts";
export type * from "./engine.ts";
export { viewEvent } from "./executions/view.ts";
export { viewKey } from "./keys/keys.ts";
export type { Inquiry } from "./inquiries/answer.ts";
export type { InspectionEntry } from "./workflows/inspection.ts";
export type { WorkflowGraph } from "./workflows/graph.ts";
export type { Mock } from "./workflows/rehearsal/mocks.ts";
export type { Recording } from "./workflows/rehearsal/record.ts";
export type { Rehearsal, Rehearsed } from "./workflows/rehearsal/rehearse.ts";
export type { CodeSettings } from "./code/code.ts";
export type { NearArchives } from "./code/fetch-archive.ts";
export { type EngineParts, type Limits, type Log, type Role, ROLES } from "./parts.ts";
export { createVault, type Vault } from "./vault.ts";
export { createRuleIndex, type Languages, matchRules } from "./rules/index.ts";
