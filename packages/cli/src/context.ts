import { type Client, createClient } from "@squall/client";
import { type Connection, type ConnectionFlags, connectionOf } from "./connection.ts";
import { credentialsFile, readLogin } from "./credentials.ts";
import { createOutput, type Output } from "./output/output.ts";
import { timeZoneOf } from "./output/time.ts";

/** The options every command takes. */
export interface GlobalFlags extends ConnectionFlags {
  readonly json?: boolean;
  readonly yaml?: boolean;
  readonly color?: boolean;
  readonly timezone?: string;
}

/** What a command works with. */
export interface Context {
  readonly env: NodeJS.ProcessEnv;
  readonly out: Output;
  /** Where commands go and with what credentials of flags and environment. */
  readonly connection: Connection;
  readonly credentialsFile: string;
  /** The client, signed in with what flags, environment or `squall login` gave. */
  client(): Promise<Client>;
  /** The status the process ends with, when no error sets another. */
  exitStatus: number;
}

/** Throws UsageError when the flags contradict each other. */
export function createContext(flags: GlobalFlags, env: NodeJS.ProcessEnv = process.env): Context {
  const connection = connectionOf(flags, env);
  const file = credentialsFile(env);
  let made: Promise<Client> | undefined;
  const connect = async (): Promise<Client> => {
    if (connection.token || connection.apiKey) return createClient(connection);
    const anonymous = createClient(connection);
    const stored = await readLogin(file, anonymous.url);
    return stored ? createClient({ ...connection, token: stored.token }) : anonymous;
  };
  return {
    env,
    connection,
    credentialsFile: file,
    out: createOutput({
      format: flags.json ? "json" : flags.yaml ? "yaml" : "table",
      colors: flags.color,
      timeZone: timeZoneOf(flags.timezone ?? env.SQUALL_TIMEZONE),
      env,
    }),
    client: () => (made ??= connect()),
    exitStatus: 0,
  };
}
