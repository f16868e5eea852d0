import { homedir, userInfo } from "node:os";
import { join } from "node:path";

/** What to do with the key that a host shows. */
export type HostKeyMode = "strict" | "first-use" | "off";
export const HOST_KEY_MODES: readonly HostKeyMode[] = ["strict", "first-use", "off"];

/** What the operator decides about SSH. */
export interface SshOptions {
  /** Whom remote actions log in as when they do not say. Default: the service's own user. */
  readonly user?: string;
  /** A private key that is tried when an action brings neither password nor key. Default: none. */
  readonly keyFile?: string;
  /** A file in the format of ssh_config, of which Host, HostName, User, Port and IdentityFile count. Default: none. */
  readonly configFile?: string;
  /** Where the keys of hosts are kept. Default: nowhere, so that they are forgotten when the process ends. */
  readonly knownHostsFile?: string;
  /**
   * `first-use` (the default) keeps the key that a host shows first and refuses every other; `strict` refuses hosts that
   * are not in the file; `off` believes every host, as StackStorm does.
   */
  readonly hostKeys?: HostKeyMode;
  /** For the network connection and for the sign-in, each. Default: 30,000 ms. */
  readonly connectMs?: number;
  /** Hosts at once of one execution that runs in parallel (`ssh_runner.max_parallel_actions`). Default: 50. */
  readonly parallelHosts?: number;
  /** Connections at once, used and idle. Default: 256. */
  readonly connections?: number;
  /** How long a connection that nobody uses is kept. 0 closes it at once. Default: 60,000 ms. */
  readonly idleMs?: number;
  /** One host that succeeds is enough (`ssh_runner.allow_partial_failure`). Default: false. */
  readonly allowPartialFailure?: boolean;
}

export interface SshSettings {
  readonly user: string;
  /** The key files to try, those that do not exist included. */
  readonly keyFiles: readonly string[];
  readonly agent: string | undefined;
  readonly configFile: string | undefined;
  readonly knownHostsFile: string | undefined;
  readonly hostKeys: HostKeyMode;
  readonly connectMs: number;
  readonly parallelHosts: number;
  readonly connections: number;
  readonly idleMs: number;
  readonly allowPartialFailure: boolean;
}

export function settleSsh(options: SshOptions, service: NodeJS.ProcessEnv): SshSettings {
  const home = service.HOME ?? homedir();
  return {
    user: options.user ?? userInfo().username,
    keyFiles:
      options.keyFile === undefined
        ? ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(home, ".ssh", name))
        : [options.keyFile],
    agent: service.SSH_AUTH_SOCK || undefined,
    configFile: options.configFile,
    knownHostsFile: options.knownHostsFile,
    hostKeys: options.hostKeys ?? "first-use",
    connectMs: options.connectMs ?? 30_000,
    parallelHosts: options.parallelHosts ?? 50,
    connections: options.connections ?? 256,
    idleMs: options.idleMs ?? 60_000,
    allowPartialFailure: options.allowPartialFailure ?? false,
  };
}
