import { randomBytes } from "node:crypto";
import type { SFTPWrapper } from "ssh2";
import { messageOf } from "@squall/model";
import type { Connection } from "./connection.ts";
import { exec } from "./exec.ts";
import { SshFailure, sayWhere } from "./failure.ts";
import { within } from "./patience.ts";
import { quote, remoteCommand, type RemoteSudo } from "./remote-command.ts";
import type { ScriptFiles } from "./script-files.ts";

/** What an error shows of the host's own words. */
const SAID_BYTES = 2_000;
const DRAIN_MS = 500;
/** For putting things away on a host that may not answer any more. */
const REMOVE_MS = 10_000;

/**
 * Copies files into a new folder `<parent>/<name>-<random>` that only the user there may read, and gives its path. By SFTP,
 * or through a shell where the host has none. Throws SshFailure, and what was copied until then is removed; so it is when
 * the signal aborts.
 */
export async function uploadFolder(
  connection: Connection,
  files: ScriptFiles,
  to: { readonly parent: string; readonly name: string },
  signal: AbortSignal,
): Promise<string> {
  const folder = `${to.parent.replace(/\/+$/, "")}/${to.name}-${randomBytes(6).toString("hex")}`;
  const folders = files.folders.map((path) => `${folder}/${path}`);
  // The folder's own name is new, so mkdir without -p: whoever put something there first gets no files of ours.
  const made = [folder, ...folders].map((path) => `mkdir -m 700 -- ${quote(path)}`).join(" && ");
  await say(connection, `mkdir -p -- ${quote(to.parent)} && ${made}`);
  try {
    const sftp = await openSftp(connection);
    for (const { path, mode, content } of files.files) {
      signal.throwIfAborted();
      if (sftp === undefined) await writeByShell(connection, `${folder}/${path}`, mode, content);
      else await writeBySftp(connection, sftp, `${folder}/${path}`, mode, content);
    }
    sftp?.end();
    return folder;
  } catch (thrown) {
    await removeFolder(connection, folder).catch(() => {});
    throw thrown;
  }
}

/** Removes an uploaded folder, as root where the script ran as root and may have written files there. */
export async function removeFolder(connection: Connection, folder: string, sudo?: RemoteSudo): Promise<void> {
  const text = `rm -rf -- ${quote(folder)}`;
  await within(REMOVE_MS, say(connection, text, { ...(sudo !== undefined && { sudo }) }));
}

function openSftp(connection: Connection): Promise<SFTPWrapper | undefined> {
  return new Promise((resolve) => {
    const forget = connection.onClosed(() => resolve(undefined));
    connection.client.sftp((error, sftp) => {
      forget();
      resolve(error === undefined ? sftp : undefined);
    });
  });
}

function writeBySftp(connection: Connection, sftp: SFTPWrapper, path: string, mode: number, content: Buffer) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (why: string) => reject(cannotCopy(connection, path, why));
  const forget = connection.onClosed((reason) => fail(reason ?? "the connection broke off"));
  sftp.writeFile(path, content, { mode, flag: "wx" }, (written) => {
    if (written) return fail(messageOf(written));
    // The mode at creation is cut by the umask there.
    sftp.chmod(path, mode, (changed) => (changed ? fail(messageOf(changed)) : resolve()));
  });
  return promise.finally(forget);
}

async function writeByShell(connection: Connection, path: string, mode: number, content: Buffer): Promise<void> {
  const file = quote(path);
  await say(connection, `set -C; cat > ${file} && chmod ${mode.toString(8)} ${file}`, { body: content });
}

/** Runs a short command of ours and throws what it says if it fails. */
async function say(
  connection: Connection,
  shellText: string,
  more: { readonly sudo?: RemoteSudo; readonly body?: Buffer } = {},
): Promise<void> {
  const { body, sudo } = more;
  let said = "";
  const note = (chunk: Buffer) => {
    if (said.length < SAID_BYTES) said += chunk.toString("utf8");
  };
  const command = remoteCommand({ shellText, cwd: "/", environment: {}, sudo });
  const end = await exec(connection, command, {
    onStdout: note,
    onStderr: note,
    drainMs: DRAIN_MS,
    ...(body !== undefined && { body }),
  });
  if (end.code !== 0) throw cannotCopy(connection, shellText, said.trim() || `ended with ${end.code ?? end.signal}`);
}

function cannotCopy(connection: Connection, what: string, why: string): SshFailure {
  return new SshFailure("runner.ssh.copy", {
    message: `the script could not be copied to ${sayWhere(connection.target)}: ${why} (${what})`,
  });
}
