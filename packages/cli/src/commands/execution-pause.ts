import { ClientError } from "@squall/client";
import type { Command } from "commander";
import { does, examples } from "../command.ts";

/** What only workflows can. */
export function addPauseAndResume(group: Command): void {
  add(group, "pause", "pausing", "let workflows begin no more tasks; what runs ends");
  add(group, "resume", "resuming", "let paused workflows go on");
}

function add(group: Command, verb: string, status: "pausing" | "resuming", description: string): void {
  const command = group.command(verb).description(description).argument("<execution-id...>");
  examples(command, `squall execution ${verb} 6921f0c2a1b2c3d4e5f60718`);
  does(command, async ({ context, words }) => {
    const client = await context.client();
    for (const id of words) {
      try {
        const execution = await client.executions.setStatus(id, status);
        await context.out.say(execution, `${execution.action.ref} ${execution.status}: ${execution.id}`);
      } catch (thrown) {
        if (!(thrown instanceof ClientError) || words.length === 1) throw thrown;
        context.exitStatus = context.out.fail(thrown); // the others are asked all the same
      }
    }
  });
}
