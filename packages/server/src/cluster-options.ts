import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Invalid, labelTrouble, messageOf } from "@squall/model";
import { type Role, ROLES } from "@squall/engine";
import { didYouMean } from "./http/did-you-mean.ts";

/** The NATS servers of a cluster, and who this process is to them. May hold credentials: never log it. */
export interface BusOptions {
  readonly urls: readonly string[];
  /** PEM: whom the servers' certificates have to be signed by. */
  readonly ca?: string;
  /** PEM: the certificate of this process, and its key. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** The text of a NATS credentials file. */
  readonly credentials?: string;
}

/** What of the options makes a process a member of a cluster. */
export interface ClusterOptions {
  /** Absent: the process has its store to itself. */
  readonly bus?: BusOptions;
  readonly roles: readonly Role[];
  /** What a worker can reach or has, for actions that ask for it. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The options as they were given, on the command line or in the environment. */
export interface GivenClusterOptions {
  readonly bus: readonly string[];
  /** Not from the environment, so that everybody on the machine can read it. */
  readonly isBusOnCommandLine: boolean;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly creds: string | undefined;
  readonly roles: readonly string[];
  readonly labels: readonly string[];
  readonly hasStore: boolean;
}

/** Throws Invalid that says what is wrong and repeats no credentials. Reads the files that are named. */
export function clusterOptions(given: GivenClusterOptions): ClusterOptions {
  const bus = busOptions(given);
  const roles = rolesOf(given.roles);
  if (bus === undefined && roles.length < ROLES.length) {
    const missing = ROLES.filter((role) => !roles.includes(role)).join(", ");
    throw wrong(
      `--roles leaves out ${missing}, which other processes have to do then: name the cluster's NATS servers with --bus, or leave --roles out`,
    );
  }
  if (bus !== undefined && !given.hasStore) {
    throw wrong("--bus makes this process one of several, which share a PostgreSQL database: name it with --store");
  }
  return { ...(bus && { bus }), roles, labels: labelsOf(given.labels) };
}

function busOptions(given: GivenClusterOptions): BusOptions | undefined {
  const { bus: urls, ca, cert, key, creds } = given;
  if (urls.length === 0) {
    if ([ca, cert, key, creds].every((file) => file === undefined)) return undefined;
    throw wrong("--bus-ca, --bus-cert, --bus-key and --bus-creds say how to reach NATS servers: name these with --bus");
  }
  for (const url of urls) {
    // No more is said of it: it may hold a password.
    if (!/^(?:nats|tls):\/\/[^\s/]+\/?$/.test(url) || !URL.canParse(url)) {
      throw wrong("--bus takes addresses of NATS servers such as nats://nats.example.org:4222; one given is none");
    }
    if (given.isBusOnCommandLine && /@/.test(url)) {
      throw wrong(
        "--bus holds credentials, which everybody on this machine can read from the command line; set SQUALL_BUS in the environment instead, or use --bus-creds",
      );
    }
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw wrong("--bus-cert and --bus-key belong together: give both, or neither");
  }
  return {
    urls,
    ...(ca !== undefined && { ca: textIn(ca, "--bus-ca") }),
    ...(cert !== undefined &&
      key !== undefined && { certificate: { cert: textIn(cert, "--bus-cert"), key: textIn(key, "--bus-key") } }),
    ...(creds !== undefined && { credentials: textIn(creds, "--bus-creds") }),
  };
}

function textIn(file: string, option: string): string {
  try {
    return readFileSync(resolve(file), "utf8");
  } catch (error) {
    throw wrong(`${option}: the file ${file} cannot be read: ${messageOf(error)}`);
  }
}

function rolesOf(given: readonly string[]): readonly Role[] {
  const named = given.map((one) => one.trim()).filter((one) => one !== "");
  if (named.length === 0) return ROLES;
  const unknown = named.find((one) => !(ROLES as readonly string[]).includes(one));
  if (unknown !== undefined) {
    throw wrong(`--roles: there is no role "${unknown}"${didYouMean(unknown, ROLES)} (${ROLES.join(", ")})`);
  }
  return ROLES.filter((role) => named.includes(role));
}

function labelsOf(given: readonly string[]): Readonly<Record<string, string>> {
  const pairs: [string, string][] = [];
  for (const one of given.map((label) => label.trim()).filter((label) => label !== "")) {
    const [key = "", value = "", ...rest] = one.split("=");
    if (rest.length > 0 || labelTrouble({ [key]: value })) {
      throw wrong(
        `--labels takes key=value,key=value, each of up to 63 letters, digits, dots, slashes, _ and -; "${one}" is none`,
      );
    }
    if (pairs.some(([known]) => known === key)) throw wrong(`--labels gives "${key}" twice`);
    pairs.push([key, value]);
  }
  const labels = Object.fromEntries(pairs);
  const trouble = labelTrouble(labels);
  if (trouble) throw wrong(`--labels: ${trouble.message}`);
  return labels;
}

function wrong(message: string): Invalid {
  return new Invalid("server.option", { message });
}
