import type { JsonObject, Parameters } from "@squall/model";
import { scriptArguments } from "../local-shell-script/arguments.ts";
import { pythonStr } from "../python-text.ts";
import { readXml } from "./xml.ts";

/** The longest command line of Windows, in characters. */
export const LONGEST_COMMAND = 8191;

/** The command that runs PowerShell text, whatever characters it has. */
export function powershellCommand(script: string): string {
  return `powershell -encodedcommand ${Buffer.from(script, "utf16le").toString("base64")}`;
}

/** A script with the arguments that it is called with. */
export function callScript(script: string, args: string): string {
  // The line end keeps a comment in the last line from taking the brace with it.
  return args === "" ? script : `& {${script}\n} ${args}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\n": "`n",
  "\r": "`r",
  "\t": "`t",
  "\x07": "`a",
  "\b": "`b",
  "\f": "`f",
  "\v": "`v",
  '"': '`"',
  "'": "`'",
  "`": "``",
  "\0": "`0",
  $: "`$",
  // PowerShell takes these for quotation marks as well.
  "\u201c": "`\u201c",
  "\u201d": "`\u201d",
  "\u201e": "`\u201e",
};

/** A value as PowerShell writes it (stackstorm-model 5.2). */
export function powershellLiteral(value: unknown): string {
  if (value === null || value === undefined) return "$null";
  if (typeof value === "string") return `"${value.replaceAll(/[\s\S]/gu, (one) => ESCAPES[one] ?? one)}"`;
  if (typeof value === "boolean") return value ? "$true" : "$false";
  if (Array.isArray(value)) return `@(${value.map(powershellLiteral).join(", ")})`;
  if (typeof value === "object") {
    const members = Object.entries(value).map(([key, one]) => `${powershellLiteral(key)} = ${powershellLiteral(one)}`);
    return `@{${members.join("; ")}}`;
  }
  return pythonStr(value);
}

/**
 * A script's arguments: named ones as `-name value` with values as literals, then those with a position, which are texts as
 * for shell scripts (stackstorm-model 5.3). `skip` names the runner's own parameters.
 */
export function powershellArguments(
  values: JsonObject,
  schema: Parameters,
  skip: ReadonlySet<string>,
  keywordOperator: string,
): string {
  const isPositional = (name: string) => typeof schema[name]?.position === "number";
  const named = Object.entries(values)
    .filter(([name]) => !isPositional(name) && !skip.has(name))
    .map(([name, value]) => `${keywordOperator}${name} ${powershellLiteral(value)}`);
  const positions = Object.fromEntries(Object.entries(schema).filter(([name]) => isPositional(name)));
  const given = Object.fromEntries(Object.entries(values).filter(([name]) => isPositional(name)));
  return [...named, ...scriptArguments(given, positions, skip, "").map(powershellLiteral)].join(" ");
}

/**
 * What PowerShell wrote to stderr, for people. Without a console it writes its errors as XML (CLIXML), line by line, among
 * records of progress; text that is not that stays as it is.
 */
export function readableErrors(stderr: string): string {
  const start = stderr.indexOf("#< CLIXML");
  if (start < 0) return stderr;
  const xml = stderr.indexOf("<Objs", start);
  const end = stderr.lastIndexOf("</Objs>");
  if (xml < 0 || end < xml) return stderr;
  try {
    // Several documents follow one another when more than one host process wrote.
    const documents = stderr.slice(xml, end + "</Objs>".length).split(/(?<=<\/Objs>)[^<]*/);
    const said = documents
      .filter((one) => one !== "")
      .flatMap((one) => readXml(one).children.filter(({ name }) => name === "S"))
      .map(({ text }) =>
        text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
      )
      .join("");
    const rest = stderr.slice(0, start) + stderr.slice(end + "</Objs>".length);
    return `${rest}${said}`.replaceAll("\r\n", "\n").trim();
  } catch {
    return stderr;
  }
}
