/** Workflow languages as pure state machines: a program and a state take an event and give the next state. See README.md. */
export { isChain, readChain } from "./action-chain/definition.ts";
export { chainProgram } from "./action-chain/program.ts";
export type { ChainRun, ChainState } from "./action-chain/state.ts";
export { type Conductor, conductor } from "./orquesta/conductor.ts";
export { readAction, readDefinition } from "./orquesta/definition.ts";
export { buildGraph } from "./orquesta/graph.ts";
export { loadOrquesta } from "./orquesta/load.ts";
export { type Env, orquestaProgram, type ReadOptions } from "./orquesta/program.ts";
export type { State as OrquestaState } from "./orquesta/state.ts";
export type { Command, ErrorEntry, Locate, Problem, Program, Step, Timer, WorkflowEvent } from "./program.ts";
export { type Status as WorkflowStatus } from "./status.ts";
