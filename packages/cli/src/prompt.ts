import { createInterface } from "node:readline/promises";
import { Interrupted, UsageError } from "./failure.ts";

/** Asks on stderr, so that stdout stays clean. Throws UsageError without a terminal. */
export async function ask(question: string, hidden: boolean): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError(`there is no terminal to ask for '${question.replace(/:\s*$/, "")}' on`);
  }
  return hidden ? await askHidden(question) : await askOpenly(question);
}

async function askOpenly(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const left = new AbortController();
  lines.once("SIGINT", () => left.abort(new Interrupted()));
  lines.once("close", () => left.abort(new Interrupted()));
  try {
    return await lines.question(question, { signal: left.signal });
  } catch (thrown) {
    throw left.signal.aborted ? left.signal.reason : thrown;
  } finally {
    lines.close();
  }
}

/** Reads a line from the terminal without showing it. */
function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  // Before the question: whoever answers at once must not be shown either.
  stdin.setRawMode(true);
  stderr.write(question);
  stdin.setEncoding("utf8");
  stdin.resume();
  return new Promise((resolve, reject) => {
    let typed = "";
    const end = (settle: () => void): void => {
      stdin.off("data", onData);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write("\n");
      settle();
    };
    const onData = (data: string): void => {
      for (const key of data) {
        if (key === "\r" || key === "\n") return end(() => resolve(typed));
        if (key === "\u0003") return end(() => reject(new Interrupted()));
        if (key === "\u0004" && typed === "") return end(() => reject(new Interrupted()));
        if (key === "\u007f" || key === "\b") typed = [...typed].slice(0, -1).join("");
        else if (key === "\u0015") typed = "";
        else if (key >= " ") typed += key;
      }
    };
    stdin.on("data", onData);
  });
}

/** All of stdin, without the line break at its end. */
export async function readStdin(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += chunk as string;
  return text.replace(/\r?\n$/, "");
}
