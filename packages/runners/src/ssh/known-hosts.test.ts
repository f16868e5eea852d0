import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createKnownHosts, matchesPattern } from "./known-hosts.ts";

const folder = mkdtempSync(join(tmpdir(), "squall-test-known-"));
after(() => rmSync(folder, { recursive: true }));

/** Bytes in the form of a public key: its type, then something. */
function aKey(what: string, type = "ssh-ed25519"): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(what)]);
}

test("the first key is kept for the next process, another one is refused with the way out", () => {
  const file = join(folder, "deep", "known_hosts");
  const hosts = createKnownHosts(file, "first-use");
  assert.equal(hosts.refusal("Web1", 2222, aKey("one")), undefined);
  hosts.keep("Web1", 2222, aKey("one"));
  hosts.keep("web1", 2222, aKey("one"));
  assert.equal(readFileSync(file, "utf8"), `[web1]:2222 ssh-ed25519 ${aKey("one").toString("base64")}\n`);
  assert.equal(statSync(file).mode & 0o777, 0o600);

  const later = createKnownHosts(file, "first-use");
  assert.equal(later.refusal("web1", 2222, aKey("one")), undefined);
  assert.deepEqual(later.typesOf("web1", 2222), ["ssh-ed25519"]);
  assert.match(
    later.refusal("web1", 2222, aKey("two")) ?? "",
    /has changed.*ssh-keygen -f .*known_hosts -R '\[web1\]:2222'/,
  );
  assert.match(later.refusal("web1", 2222, aKey("rsa", "ssh-rsa")) ?? "", /has changed/);
  assert.equal(later.refusal("web1", 22, aKey("two")), undefined);
});

test("a change of the file from outside counts at once", () => {
  const file = join(folder, "edited");
  const hosts = createKnownHosts(file, "strict");
  assert.match(hosts.refusal("db", 22, aKey("one")) ?? "", /db is not known.*add it to .*: db ssh-ed25519 /);
  appendFileSync(file, `db ssh-ed25519 ${aKey("one").toString("base64")} a comment\n`);
  assert.equal(hosts.refusal("db", 22, aKey("one")), undefined);
  hosts.keep("other", 22, aKey("x"));
  assert.doesNotMatch(readFileSync(file, "utf8"), /other/);
});

test("hashed names, patterns, exceptions and revoked keys are read as OpenSSH does", () => {
  const file = join(folder, "openssh");
  const salt = Buffer.from("0123456789abcdef0123");
  const hash = createHmac("sha1", salt).update("hidden").digest("base64");
  const [one, two] = [aKey("one").toString("base64"), aKey("two").toString("base64")];
  writeFileSync(
    file,
    `# comment\n|1|${salt.toString("base64")}|${hash} ssh-ed25519 ${one}\n*.example.org,!bad.example.org ssh-ed25519 ${one}\n` +
      `@revoked * ssh-ed25519 ${two}\n@cert-authority * ssh-ed25519 ${one}\nbroken\n`,
  );
  const hosts = createKnownHosts(file, "strict");
  assert.equal(hosts.refusal("hidden", 22, aKey("one")), undefined);
  assert.equal(hosts.refusal("a.example.org", 22, aKey("one")), undefined);
  assert.match(hosts.refusal("bad.example.org", 22, aKey("one")) ?? "", /not known/);
  assert.match(hosts.refusal("a.example.org", 22, aKey("two")) ?? "", /revoked/);
});

test("off believes every host and writes nothing", () => {
  const hosts = createKnownHosts(join(folder, "none"), "off");
  assert.equal(hosts.refusal("a", 22, aKey("one")), undefined);
  hosts.keep("a", 22, aKey("one"));
  assert.equal(hosts.refusal("a", 22, aKey("two")), undefined);
  assert.equal(statSync(join(folder, "none"), { throwIfNoEntry: false }), undefined);
});

test("patterns match as OpenSSH's", () => {
  const yes = [
    ["*", "x"],
    ["a*c", "abc"],
    ["a?c", "abc"],
    ["*.b.*", "a.b.c"],
    ["a*", "a"],
    ["**b", "ab"],
    ["*ab", "aab"],
  ];
  const no = [
    ["a?c", "ac"],
    ["*.b", "a.b.c"],
    ["b*", "ab"],
    ["a*ba", "aba b"],
    ["a*ba", "ba"],
    ["", "a"],
  ];
  for (const [pattern = "", name = ""] of yes) assert.ok(matchesPattern(pattern, name), `${pattern} ${name}`);
  for (const [pattern = "", name = ""] of no) assert.ok(!matchesPattern(pattern, name), `${pattern} ${name}`);
});
