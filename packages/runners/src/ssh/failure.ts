import { messageOf, Unavailable } from "@squall/model";
import { withPort } from "./hosts.ts";
import type { Target } from "./target.ts";

/** A host that could not be reached or did not let us in, or whose connection broke. */
export class SshFailure extends Unavailable {}

export const sayWhere = (target: Target): string => withPort(target.host, target.port);

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses the connection: nothing answers on that port",
  ENOTFOUND: "is not known: no address for that name",
  EAI_AGAIN: "is not known: the name service does not answer",
  EHOSTUNREACH: "cannot be reached: no route to it",
  ENETUNREACH: "cannot be reached: no route to its network",
  ETIMEDOUT: "does not answer",
  ECONNRESET: "broke the connection off",
  EPIPE: "broke the connection off",
};

/** What a failed connection attempt means, in words that say what to look at. */
export function explainConnect(target: Target, thrown: unknown): SshFailure {
  if (thrown instanceof SshFailure) return thrown;
  const where = sayWhere(target);
  const level = memberOf(thrown, "level");
  const code = codeOf(thrown);
  const fail = (failure: string, what: string) =>
    new SshFailure(`runner.ssh.${failure}`, { message: `${where} ${what}`, cause: thrown });
  if (level === "client-authentication") return fail("sign-in", `does not let ${target.user} in with ${means(target)}`);
  if (level === "client-timeout") return fail("timeout", "answers the connection, but does not finish the sign-in");
  const network = NETWORK[code];
  if (network !== undefined) return fail("unreachable", network);
  const message = messageOf(thrown);
  if (/handshake/i.test(message) && /no matching/i.test(message))
    return fail("algorithms", `speaks none of the algorithms that are accepted here: ${message}`);
  if (/connection lost before handshake|no response/i.test(message))
    return fail("unreachable", "broke the connection off before the sign-in: it may be overloaded (MaxStartups)");
  return fail("failed", `could not be signed in to: ${message}`);
}

function means(target: Target): string {
  if (target.password !== undefined) return "this password";
  const means = [
    ...target.keys.map(({ name }) => name),
    ...(target.agent === undefined ? [] : ["the keys of the SSH agent"]),
  ];
  return means.length === 0 ? "no key: there is none to try" : means.join(", ");
}

function codeOf(thrown: unknown): string {
  const code = memberOf(thrown, "code");
  if (typeof code === "string") return code;
  // Several addresses were tried (happy eyeballs): each has its own error.
  const errors = memberOf(thrown, "errors");
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : "";
}

function memberOf(thrown: unknown, name: string): unknown {
  return thrown instanceof Error && name in thrown ? (thrown as unknown as Record<string, unknown>)[name] : undefined;
}
