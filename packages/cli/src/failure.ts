import { ClientError } from "@squall/client";

/** Exit statuses of `squall`; `run` adds those of `outcome.ts`. After Ctrl-C as shells count it: 128 + SIGINT. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Left by Ctrl-C at a question: nothing to say about it. */
export class Interrupted extends Error {}

/** The command line cannot be understood as it is. Ends with status 2. */
export class UsageError extends Error {
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = "UsageError";
    this.hint = hint;
  }
}

/** The command was understood and did not succeed. Ends with status 1 unless it says otherwise. */
export class Failure extends Error {
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = "Failure";
    this.hint = hint;
  }
}

/** What the user reads about an error, and the exit status. A stack only for errors that are ours to fix. */
export function explain(thrown: unknown): {
  readonly message: string;
  readonly hint?: string;
  readonly status: number;
} {
  if (thrown instanceof UsageError) return { ...worded(thrown), status: EXIT.usage };
  if (thrown instanceof Failure || thrown instanceof ClientError) return { ...worded(thrown), status: EXIT.failed };
  if (thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" && "syscall" in thrown) {
    return { message: thrown.message, status: EXIT.failed }; // a file or a terminal: the message names it
  }
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { message: `this should not have happened: ${text}`, hint: "please report it", status: EXIT.failed };
}

function worded(error: { message: string; hint: string | undefined }): { message: string; hint?: string } {
  return { message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
}
