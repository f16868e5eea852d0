/** One message of a server-sent event stream. */
export interface ServerSentEvent {
  /** `message` when the server names none */
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/** A message longer than this is a broken or hostile stream, not an event. */
const MAX_MESSAGE_CHARACTERS = 64 * 1024 * 1024;

/**
 * Reads `text/event-stream` as the HTML standard (section 9.2.6) says: LF, CR or CRLF, comments, `data` over several
 * lines. A message cut off by the end of the stream is dropped, as the standard wants. Throws RangeError over the bound.
 */
export async function* readServerSentEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  let message = emptyMessage();
  let size = 0;
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    // A CR at the very end may be the first half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line !== "") {
        size += line.length;
        addLine(message, line);
        continue;
      }
      if (message.lines.length > 0) {
        const { event, lines: texts, id } = message;
        yield { event, data: texts.join("\n"), ...(id === undefined ? {} : { id }) };
      }
      message = emptyMessage();
      size = 0;
    }
    if (size + rest.length > MAX_MESSAGE_CHARACTERS) {
      throw new RangeError(`the stream sent a message of more than ${MAX_MESSAGE_CHARACTERS} characters`);
    }
  }
}

interface PartialMessage {
  event: string;
  readonly lines: string[];
  id?: string;
}

function emptyMessage(): PartialMessage {
  return { event: "message", lines: [] };
}

function addLine(message: PartialMessage, line: string): void {
  const colon = line.indexOf(":");
  if (colon === 0) return; // a comment: keep-alive
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
  if (field === "event") message.event = value;
  else if (field === "data") message.lines.push(value);
  else if (field === "id") message.id = value;
}
