import type { Command } from "commander";
import { PRIORITIES } from "@squall/model";
import { does, examples, labels, wholeNumber } from "../command.ts";
import { type RunOptions, requestRun, showRun } from "./run-action.ts";

export function define(command: Command): void {
  addRun(command, false);
}

/** `run` waits unless told not to; `action execute` is the other way round, as in StackStorm's client. */
export function addRun(command: Command, asyncByDefault: boolean): void {
  command
    .argument("<action-ref>", "the action, for example core.local")
    .argument("[parameters...]", "name=value, @name=FILE, name=? to be asked for a secret; other words are its command")
    .usage("ACTION [name=value ...] [-- COMMAND ...]")
    .option("-a, --async", "do not wait: print the execution's id")
    .option("--tail", "print what it prints, and nothing else")
    .option("--delay <ms>", "start it no sooner than in this many milliseconds", wholeNumber("MS", 0))
    .option("--where <labels>", "on a worker with these labels, for example site=edge,gpu=yes", labels)
    .option(
      "--priority <n>",
      "the higher is started first of what waits (default 0)",
      wholeNumber("N", PRIORITIES.lowest, PRIORITIES.highest),
    )
    .option("--trace-tag <tag>", "mark everything that comes of it with this tag")
    .option("-u, --user <user>", "run it as this user (administrators)")
    .option("-e, --inherit-env", "pass on this shell's environment as parameter env")
    .option("--auto-dict", "items a:b,c:d of an array become one object")
    .option("-k, --key <path>", "print this part of the result only, for example stdout");
  if (asyncByDefault) command.option("-w, --wait", "wait for it, as `squall run` does");
  command.addHelpText(
    "after",
    "\nExit status: 0 succeeded, the action's own where it failed with one (1 to 125), 124 timed out, 1 otherwise, 2 not understood, 130 left with Ctrl-C.",
  );
  examples(
    command,
    "squall run core.local date",
    "squall run core.local -- ls -l /tmp",
    'squall run core.http url=https://example.org headers=\'{"accept": "text/html"}\'',
    "squall run core.remote hosts=web1,web2 username=ops password=? -- uptime",
    "squall run core.local cmd='sleep 60' --async",
    "squall run core.local --where site=edge --priority 5 -- df -h",
  );
  does<RunOptions & { wait?: boolean }>(command, async ({ context, words: [ref = "", ...rest], options }) => {
    const leave = options.async === true || (asyncByDefault && options.wait !== true && options.tail !== true);
    const execution = await requestRun(context, ref, rest, options);
    await showRun(context, execution, { ...options, async: leave });
  });
}
