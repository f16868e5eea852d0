import { JinjaRuntimeError } from "@squall/jinja";
export { JinjaRuntimeError } from "@squall/jinja";

/** Text in Python's quotes, for messages that show what was given. */
export const quoteText = (text: string): string =>
  text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text}'`;

export const fault = (message: string, kind: string): JinjaRuntimeError => new JinjaRuntimeError(message, kind);
