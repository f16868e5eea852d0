import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { signatureProblem } from "./verify-webhook.ts";
import { checkWebhookParameters, normalizeUrl, type WebhookAuth, webhookAuth } from "./webhook-parameters.ts";

const bytes = new TextEncoder().encode('{"zen":"Half measures are as bad as nothing at all.","hook_id":1}');
const secret = "It's a Secret to Everybody";

function github(algorithm: "sha1" | "sha256" | "sha512" = "sha256"): WebhookAuth & { type: "hmac" } {
  return { type: "hmac", header: "X-Hub-Signature-256", algorithm, prefix: `${algorithm}=`, key: "github_secret" };
}

/** The signature that OpenSSL makes, which is not ours. */
function openssl(algorithm: string, ...format: string[]): Buffer {
  return execFileSync("openssl", ["dgst", `-${algorithm}`, "-hmac", secret, ...format], { input: bytes });
}

test("signatures that OpenSSL makes hold, in hexadecimal and base64", () => {
  for (const algorithm of ["sha1", "sha256", "sha512"] as const) {
    const hex = openssl(algorithm, "-r").toString().split(" ")[0] ?? "";
    const base64 = openssl(algorithm, "-binary").toString("base64");
    for (const signature of [hex, hex.toUpperCase(), base64]) {
      const headers = { "x-hub-signature-256": `${algorithm}=${signature}` };
      assert.equal(signatureProblem(github(algorithm), { headers, bytes, secret }), undefined);
    }
  }
});

test("GitHub's own example holds", () => {
  const headers = {
    "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
  };
  const request = { headers, bytes: new TextEncoder().encode("Hello, World!"), secret };
  assert.equal(signatureProblem(github(), request), undefined);
});

test("whatever is missing, malformed, for another body or with another secret is refused", () => {
  const hex = openssl("sha256", "-r").toString().split(" ")[0] ?? "";
  const verify = (value: string | undefined, change: { bytes?: Uint8Array; secret?: string } = {}): string => {
    const request = { headers: { "X-Hub-Signature-256": value }, bytes, secret, ...change };
    return signatureProblem(github(), request) ?? "";
  };
  assert.equal(verify(`sha256=${hex}`), "");
  assert.match(verify(undefined), /missing/);
  assert.match(verify(""), /missing/);
  assert.match(verify(hex), /does not begin with "sha256="/);
  assert.match(verify("sha256="), /holds no sha256 signature/);
  assert.match(verify(`sha256=${hex.slice(2)}`), /holds no/);
  assert.match(verify(`sha256=${hex.slice(0, 62)}zz`), /holds no/);
  assert.match(verify(`sha256=${"0".repeat(64)}`), /does not match/);
  assert.match(verify(`sha256=${hex}`, { bytes: new TextEncoder().encode("{}") }), /does not match/);
  assert.match(verify(`sha256=${hex}`, { secret: "other" }), /does not match/);
  assert.match(verify(`sha256=${hex}`, { secret: "" }), /empty/);
});

test("slashes at the ends of a url do not count", () => {
  for (const path of ["a/b", "/a/b", "a/b/", "//a/b//"]) assert.equal(normalizeUrl(path), "a/b");
  assert.equal(normalizeUrl("///"), "");
});

test("parameters that make no webhook are told", () => {
  assert.deepEqual(checkWebhookParameters({ url: "github/push" }), []);
  const auth = { type: "hmac", header: "X-Hub-Signature-256", algorithm: "sha256", prefix: "sha256=", key: "k" };
  assert.deepEqual(checkWebhookParameters({ url: "a", auth }), []);
  for (const [parameters, reason] of [
    [{}, /'url' is a required property/],
    [{ url: 5 }, /url: must be text/],
    [{ url: "//" }, /url: is empty/],
    [{ url: "/st2/" }, /generic webhook/],
    [{ url: "a?b=c" }, /only a path/],
    [{ url: "a", path: "b" }, /'path' was unexpected/],
    [{ url: "a", auth: "none" }, /auth: must be an object/],
    [{ url: "a", auth: {} }, /auth\.type: must be token, none or hmac, not nothing/],
    [{ url: "a", auth: { type: "none", key: "k" } }, /auth\.key: has no meaning/],
    [{ url: "a", auth: { ...auth, algorithm: "md5" } }, /auth\.algorithm: must be one of sha1, sha256, sha512/],
    [{ url: "a", auth: { ...auth, header: "a b" } }, /auth\.header/],
    [{ url: "a", auth: { ...auth, key: undefined } }, /auth\.key: must be the name/],
    [{ url: "a", auth: { ...auth, secret: "s" } }, /auth\.secret: has no meaning/],
  ] as const) {
    assert.match(checkWebhookParameters(parameters).join("; "), reason);
  }
});

test("a webhook that says nothing about auth wants a token; hmac is sha256 without a prefix unless told", () => {
  assert.deepEqual(webhookAuth({ url: "a" }), { type: "token" });
  assert.deepEqual(webhookAuth({ url: "a", auth: { type: "none" } }), { type: "none" });
  assert.deepEqual(webhookAuth({ url: "a", auth: { type: "hmac", header: "X-Sig", key: "k" } }), {
    type: "hmac",
    header: "X-Sig",
    algorithm: "sha256",
    prefix: "",
    key: "k",
  });
  const hex = openssl("sha256", "-r").toString().split(" ")[0] ?? "";
  const auth = { type: "hmac", header: "X-Sig", key: "k" } as const;
  assert.equal(signatureProblem(auth, { headers: { "x-sig": hex }, bytes, secret }), undefined);
});
