import { execFile, spawn } from "node:child_process";
import { createReadStream, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, normalize } from "node:path";
import { promisify } from "node:util";

/** For tests: packs, repositories with real git, and a web server that serves them as strangers' servers do. */

const run = promisify(execFile);

export const MANIFEST = (ref: string, more = "", version = "1.0.0"): string =>
  `ref: ${ref}\nname: ${ref}\ndescription: A pack of a test.\nversion: ${version}\nauthor: Test\nemail: test@example.org\n${more}`;

export const ACTION = `name: hello
runner_type: local-shell-cmd
description: Says hello.
enabled: true
entry_point: ""
parameters:
  cmd: {default: "echo hello from VERSION", immutable: true}
`;

/** Writes files below a folder, and gives the folder. */
export async function files(folder: string, content: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(content)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

/** Git without the configuration of whoever runs the tests. */
export async function git(folder: string, ...words: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "Test",
    GIT_AUTHOR_EMAIL: "test@example.org",
    GIT_COMMITTER_NAME: "Test",
    GIT_COMMITTER_EMAIL: "test@example.org",
  };
  const { stdout } = await run("git", ["-c", "init.defaultBranch=main", "-C", folder, ...words], { env });
  return stdout.trim();
}

/** A repository with one version of a pack after the other, each tagged `v<version>`. */
export async function repository(folder: string, ref: string, versions: readonly string[], more = ""): Promise<string> {
  await mkdir(folder, { recursive: true });
  await git(folder, "init", "--quiet");
  for (const version of versions) {
    await files(folder, {
      "pack.yaml": MANIFEST(ref, more, version),
      "actions/hello.yaml": ACTION.replace("VERSION", version),
    });
    await git(folder, "add", "--all");
    await git(folder, "commit", "--quiet", "--message", version);
    await git(folder, "tag", `v${version}`);
  }
  await git(folder, "update-server-info");
  return folder;
}

/** A tar.gz of a folder's content, made by the system's tar. */
export async function tarOf(folder: string, ...words: readonly string[]): Promise<Buffer> {
  const { stdout } = await run("tar", ["-C", folder, "-czf", "-", ...(words.length > 0 ? words : ["."])], {
    encoding: "buffer",
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

export interface WebServer extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly { readonly path: string; readonly authorization: string | undefined }[];
}

/**
 * Serves a folder: git's dumb protocol for everything in it, its smart one below `/smart`, a login in front of everything below
 * `/private` (user `ann`, password `s3cret`), and never an answer below `/hangs`.
 */
export async function serveFolder(folder: string): Promise<WebServer> {
  const asked: { path: string; authorization: string | undefined }[] = [];
  const server = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url ?? "/", "http://here");
    asked.push({ path: pathname, authorization: incoming.headers.authorization });
    const login = `Basic ${Buffer.from("ann:s3cret").toString("base64")}`;
    if (pathname.startsWith("/hangs")) return; // no answer, ever
    if (pathname.startsWith("/private") && incoming.headers.authorization !== login) {
      outgoing.writeHead(401, { "WWW-Authenticate": 'Basic realm="private"' }).end();
    } else if (pathname.startsWith("/smart")) smart(folder, incoming, outgoing);
    else {
      const path = join(folder, normalize(pathname.replace(/^\/private/, "")));
      if (statSync(path, { throwIfNoEntry: false })?.isFile()) createReadStream(path).pipe(outgoing.writeHead(200));
      else outgoing.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** `git http-backend`, which is a CGI program. */
function smart(folder: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://here");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env.PATH ?? "",
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      PATH_INFO: pathname.replace(/^\/smart/, ""),
      QUERY_STRING: searchParams.toString(),
      REQUEST_METHOD: incoming.method ?? "GET",
      CONTENT_TYPE: incoming.headers["content-type"] ?? "",
      ...(incoming.headers["git-protocol"] ? { GIT_PROTOCOL: String(incoming.headers["git-protocol"]) } : {}),
      ...(incoming.headers["content-encoding"] ? { HTTP_CONTENT_ENCODING: incoming.headers["content-encoding"] } : {}),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  incoming.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.on("close", () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf("\r\n\r\n");
    const headers = answer.toString("latin1", 0, end).split("\r\n");
    const status = Number(headers.find((line) => line.startsWith("Status:"))?.slice(8, 11) ?? 200);
    for (const line of headers) {
      const colon = line.indexOf(":");
      if (!line.startsWith("Status:")) outgoing.setHeader(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    outgoing.writeHead(status).end(answer.subarray(end + 4));
  });
}
