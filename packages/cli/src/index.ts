/**
 * The `squall` command. It is a program, not a library: `src/main.ts` starts it. What stands here is for those who start
 * it from a program of their own.
 */
export { runCommandLine } from "./command-line.ts";
