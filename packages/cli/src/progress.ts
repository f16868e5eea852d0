import { formatSeconds } from "./output/time.ts";

/** A line at the bottom of the terminal that says what is going on; nothing where stderr is none. */
export interface Progress extends Disposable {
  /** What the line says before the elapsed time. */
  say(text: string): void;
  /** Writes to stdout or stderr without the line getting in between. */
  write(stream: NodeJS.WriteStream, text: string): void;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 120;
/** Most runs are over before a line would help; it only flickers. */
const PATIENCE_MS = 300;

export function startProgress(enabled: boolean, first: string): Progress {
  if (!enabled)
    return {
      say: () => undefined,
      write: (stream, text) => void stream.write(text),
      [Symbol.dispose]: () => undefined,
    };
  const { stderr } = process;
  const started = Date.now();
  let text = first;
  let frame = 0;
  let shown = false;
  // The line may only be drawn where the output of the action has ended its own.
  let atLineStart = true;

  const clear = (): void => {
    if (shown) stderr.write("\r\u001b[K");
    shown = false;
  };
  const draw = (): void => {
    const elapsed = Date.now() - started;
    if (!atLineStart || elapsed < PATIENCE_MS) return;
    const line = `${FRAMES[frame++ % FRAMES.length]} ${text} · ${formatSeconds(elapsed / 1000)}`;
    stderr.write(`\r\u001b[K${line.slice(0, Math.max(10, (stderr.columns || 80) - 1))}`);
    shown = true;
  };
  const timer = setInterval(draw, FRAME_MS);
  return {
    say(next) {
      text = next;
    },
    write(stream, chunk) {
      clear();
      stream.write(chunk);
      if (stream.isTTY && chunk !== "") atLineStart = chunk.endsWith("\n");
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      clear();
    },
  };
}
