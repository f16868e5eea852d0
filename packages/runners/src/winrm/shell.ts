import { randomUUID } from "node:crypto";
import { Unavailable } from "@squall/model";
import type { Answer, Transport } from "./transport.ts";
import { type Element, escapeXml, findAll, readXml } from "./xml.ts";

/*
 * A shell on a Windows host, as [MS-WSMV] has it: create it, start commands in it, receive their output until they are
 * done, signal them, delete it.
 */
export interface WindowsShell {
  /** Starts a command and gives its id. */
  start(command: string, signal: AbortSignal): Promise<string>;
  /** Waits for more output, a few seconds at most. The exit code comes once the command is done. */
  receive(command: string, signal: AbortSignal): Promise<Received>;
  /** Ends a command and what it started. */
  end(command: string, signal: AbortSignal): Promise<void>;
  delete(signal: AbortSignal): Promise<void>;
}

export interface Received {
  readonly output: readonly { readonly type: "stdout" | "stderr"; readonly bytes: Buffer }[];
  readonly exitCode?: number;
}

const WSMAN = "http://schemas.microsoft.com/wbem/wsman/1";
const TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
const ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
const RESOURCE = `${WSMAN}/windows/shell/cmd`;
const NAMESPACES = [
  ["s", "http://www.w3.org/2003/05/soap-envelope"],
  ["a", ADDRESSING],
  ["w", "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"],
  ["p", `${WSMAN}/wsman.xsd`],
  ["rsp", `${WSMAN}/windows/shell`],
]
  .map(([prefix, name]) => `xmlns:${prefix}="${name}"`)
  .join(" ");

/** How long the host holds back its answer when there is no output. */
const OPERATION_SECONDS = 20;
/** The host's way of saying that there was none in that time: ask again. */
const TIMED_OUT_CODE = "2150858793";

/** Creates a shell with UTF-8 as its code page. Throws Unavailable with the host's words when it does not. */
export async function createShell(
  transport: Transport,
  to: URL,
  options: { readonly cwd?: string; readonly environment: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<WindowsShell> {
  const variables = Object.entries(options.environment).map(
    ([name, value]) => `<rsp:Variable Name="${escapeXml(name)}">${escapeXml(value)}</rsp:Variable>`,
  );
  const created = await ask("Create", `${TRANSFER}/Create`, {
    options: { WINRS_NOPROFILE: "FALSE", WINRS_CODEPAGE: "65001" },
    body:
      "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>" +
      (options.cwd === undefined ? "" : `<rsp:WorkingDirectory>${escapeXml(options.cwd)}</rsp:WorkingDirectory>`) +
      (variables.length === 0 ? "" : `<rsp:Environment>${variables.join("")}</rsp:Environment>`) +
      "</rsp:Shell>",
    signal,
  });
  const id =
    findAll(created, "Selector").find(({ attributes }) => attributes.Name === "ShellId")?.text ??
    findAll(created, "ShellId")[0]?.text;
  if (id === undefined || id === "") throw unexpected(to, "it made no shell");
  const selector = `<w:SelectorSet><w:Selector Name="ShellId">${escapeXml(id)}</w:Selector></w:SelectorSet>`;

  async function ask(
    what: string,
    action: string,
    request: {
      readonly options?: Readonly<Record<string, string>>;
      readonly selector?: string;
      readonly body?: string;
      readonly signal: AbortSignal;
    },
  ): Promise<Element> {
    const set = Object.entries(request.options ?? {}).map(
      ([name, value]) => `<w:Option Name="${name}">${escapeXml(value)}</w:Option>`,
    );
    const message =
      `<?xml version="1.0" encoding="UTF-8"?><s:Envelope ${NAMESPACES}><s:Header>` +
      `<a:To>${escapeXml(to.href)}</a:To>` +
      `<a:ReplyTo><a:Address s:mustUnderstand="true">${ADDRESSING}/role/anonymous</a:Address></a:ReplyTo>` +
      `<w:MaxEnvelopeSize s:mustUnderstand="true">153600</w:MaxEnvelopeSize>` +
      `<a:MessageID>uuid:${randomUUID().toUpperCase()}</a:MessageID>` +
      `<w:Locale xml:lang="en-US" s:mustUnderstand="false"/><p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>` +
      `<w:OperationTimeout>PT${OPERATION_SECONDS}S</w:OperationTimeout>` +
      `<w:ResourceURI s:mustUnderstand="true">${RESOURCE}</w:ResourceURI>` +
      `<a:Action s:mustUnderstand="true">${action}</a:Action>` +
      (request.selector ?? "") +
      (set.length === 0 ? "" : `<w:OptionSet>${set.join("")}</w:OptionSet>`) +
      `</s:Header><s:Body>${request.body ?? ""}</s:Body></s:Envelope>`;
    return envelopeOf(to, what, await transport.post(message, request.signal));
  }

  return {
    async start(command, aborted) {
      const answer = await ask("Command", `${WSMAN}/windows/shell/Command`, {
        options: { WINRS_CONSOLEMODE_STDIN: "TRUE", WINRS_SKIP_CMD_SHELL: "FALSE" },
        selector,
        body: `<rsp:CommandLine><rsp:Command>${escapeXml(command)}</rsp:Command></rsp:CommandLine>`,
        signal: aborted,
      });
      const started = findAll(answer, "CommandId")[0]?.text;
      if (started === undefined || started === "") throw unexpected(to, "it started no command");
      return started;
    },
    async receive(command, aborted) {
      const stream = `<rsp:DesiredStream CommandId="${escapeXml(command)}">stdout stderr</rsp:DesiredStream>`;
      try {
        const answer = await ask("Receive", `${WSMAN}/windows/shell/Receive`, {
          selector,
          body: `<rsp:Receive>${stream}</rsp:Receive>`,
          signal: aborted,
        });
        return readReceived(answer);
      } catch (thrown) {
        if (thrown instanceof Fault && thrown.isTimeout) return { output: [] };
        throw thrown;
      }
    },
    async end(command, aborted) {
      await ask("Signal", `${WSMAN}/windows/shell/Signal`, {
        selector,
        body: `<rsp:Signal CommandId="${escapeXml(command)}"><rsp:Code>${WSMAN}/windows/shell/signal/terminate</rsp:Code></rsp:Signal>`,
        signal: aborted,
      });
    },
    async delete(aborted) {
      await ask("Delete", `${TRANSFER}/Delete`, { selector, signal: aborted });
    },
  };
}

/** What a host says instead of an answer. */
class Fault extends Unavailable {
  readonly isTimeout: boolean;
  constructor(to: URL, what: string, fault: Element) {
    const codes = findAll(fault, "WSManFault").map(({ attributes }) => attributes.Code ?? "");
    const subcodes = findAll(fault, "Value").map(({ text }) => text.trim());
    const said = ["Message", "Text"].flatMap((name) => findAll(fault, name).map((one) => allText(one).trim()));
    const words = said.find((text) => text !== "") ?? subcodes.at(-1) ?? "no reason given";
    super("runner.winrm.fault", { message: `${to.host} refuses ${what}: ${words}` });
    this.isTimeout = codes.includes(TIMED_OUT_CODE) || subcodes.some((code) => /(?:^|:)TimedOut$/.test(code));
  }
}

function envelopeOf(to: URL, what: string, answer: Answer): Element {
  const isXml = answer.text.trimStart().startsWith("<");
  const envelope = isXml ? readXml(answer.text) : undefined;
  const fault = envelope === undefined ? undefined : findAll(envelope, "Fault")[0];
  if (fault !== undefined) throw new Fault(to, what, fault);
  if (answer.status !== 200 || envelope === undefined) throw unexpected(to, `it answers ${answer.status} to ${what}`);
  return envelope;
}

function readReceived(answer: Element): Received {
  const output = findAll(answer, "Stream").flatMap(({ attributes, text }) => {
    const type = attributes.Name;
    const bytes = Buffer.from(text, "base64");
    return (type === "stdout" || type === "stderr") && bytes.length > 0 ? [{ type, bytes } as const] : [];
  });
  const state = findAll(answer, "CommandState")[0];
  if (state?.attributes.State?.endsWith("/Done") !== true) return { output };
  // Windows counts in 32 bits; without a code the command was ended.
  const code = Number(findAll(state, "ExitCode")[0]?.text ?? -1);
  return { output, exitCode: Number.isInteger(code) ? code : -1 };
}

const allText = (element: Element): string => element.text + element.children.map(allText).join("");

function unexpected(to: URL, what: string): Unavailable {
  return new Unavailable("runner.winrm.answer", { message: `${to.host} does not speak as WinRM does: ${what}` });
}
