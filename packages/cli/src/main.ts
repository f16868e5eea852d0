#!/usr/bin/env node
// `squall`: every command but `server`, which the server room's program answers.
import { enableCompileCache } from "node:module";

enableCompileCache(); // before anything of weight is loaded: compiled code is kept between runs
const words = process.argv.slice(2);
if (words[0] === "__complete") {
  // Asked at every press of the tab key: it does without the commands.
  const { answerCompletion } = await import("./completion/candidates.ts");
  await answerCompletion(words.slice(1));
} else {
  const { runCommandLine } = await import("./command-line.ts");
  await runCommandLine(words);
}
