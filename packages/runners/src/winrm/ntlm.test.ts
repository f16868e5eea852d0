import assert from "node:assert/strict";
import { test } from "node:test";
import { md4 } from "./md4.ts";
import {
  createSealer,
  ntlmV2Response,
  readChallenge,
  readPairs,
  readUser,
  responseKey,
  sessionKeys,
  writePairs,
} from "./ntlm.ts";
import { createRc4 } from "./rc4.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ""), "hex");

test("MD4 gives RFC 1320's digests", () => {
  const vectors = {
    "": "31d6cfe0d16ae931b73c59d7e0c089c0",
    a: "bde52cb31de33e46245e05fbdbd6fb24",
    "message digest": "d9130a8164549fe818874806e1c7014b",
    ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789: "043f8582f241db351ce627e153e7f0e4",
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890":
      "e33b4ddc9c38f2199c3e7b164fcc0536",
  };
  for (const [text, digest] of Object.entries(vectors)) assert.equal(md4(Buffer.from(text)).toString("hex"), digest);
});

test("RC4 gives RFC 6229's key stream, in any portions", () => {
  const stream = createRc4(hex("0102030405"));
  const bytes = Buffer.concat([stream(Buffer.alloc(3)), stream(Buffer.alloc(0)), stream(Buffer.alloc(29))]);
  assert.equal(bytes.toString("hex"), "b2396305f03dc027ccc3524a0a1118a86982944f18fc82d589c403a47a0d0919");
});

// MS-NLMP 4.2.4: user User of Domain with password Password, on server Server.
const SERVER_CHALLENGE = hex("0123456789abcdef");
const CLIENT_CHALLENGE = hex("aaaaaaaaaaaaaaaa");
const EXPORTED = Buffer.alloc(16, 0x55);
const utf16 = (text: string) => Buffer.from(text, "utf16le");

test("the keys and responses of MS-NLMP 4.2.4 come out", () => {
  const key = responseKey(readUser("Domain\\User", "Password"));
  assert.equal(key.toString("hex"), "0c868a403bfd7a93a3001ef22ef02e3f");
  const targetInfo = writePairs([
    { id: 2, value: utf16("Domain") },
    { id: 1, value: utf16("Server") },
  ]);
  const { proof, baseKey } = ntlmV2Response(key, SERVER_CHALLENGE, CLIENT_CHALLENGE, Buffer.alloc(8), targetInfo);
  assert.equal(proof.toString("hex"), "68cd0ab851e51c96aabc927bebef6a1c");
  assert.equal(baseKey.toString("hex"), "8de40ccadbc14a82f15cb0ad0de95ca3");
  assert.equal(createRc4(baseKey)(EXPORTED).toString("hex"), "c5dad2544fc9799094ce1ce90bc9d03e");
});

test("the sealed message of MS-NLMP 4.2.4.4 comes out", () => {
  const { signing, sealing } = sessionKeys(EXPORTED, "client-to-server");
  assert.equal(signing.toString("hex"), "4788dc861b4782f35d43fd98fe1a2d39");
  assert.equal(sealing.toString("hex"), "59f600973cc4960a25480a7c196e4c58");
  const { sealed, signature } = createSealer(EXPORTED, "client-to-server", true).seal(utf16("Plaintext"));
  assert.equal(sealed.toString("hex"), "54e50165bf1936dc996020c1811b0f06fb5f");
  assert.equal(signature.toString("hex"), "010000007fb38ec5c55d497600000000");
});

test("what one side seals the other opens, in order, and a changed message is refused", () => {
  const [sender, receiver] = [0, 1].map(() => createSealer(EXPORTED, "server-to-client", true));
  assert.ok(sender && receiver);
  for (const text of ["one", "two"]) {
    const { sealed, signature } = sender.seal(Buffer.from(text));
    assert.equal(receiver.unseal(sealed, signature).toString(), text);
  }
  const { sealed, signature } = sender.seal(Buffer.from("three"));
  sealed[0] = (sealed[0] ?? 0) ^ 1;
  assert.throws(() => receiver.unseal(sealed, signature), { code: "runner.winrm.ntlm" });
});

test("challenges that are none, are cut off or offer too little are refused", () => {
  const challenge = Buffer.alloc(48);
  challenge.write("NTLMSSP\0", "latin1");
  challenge.writeUInt32LE(2, 8);
  assert.throws(() => readChallenge(Buffer.from("NTLMSSP\0")), /no NTLM challenge/);
  assert.throws(() => readChallenge(challenge), /no NTLMv2/);
  challenge.writeUInt32LE(0xa288_8205, 20);
  challenge.writeUInt16LE(100, 40);
  assert.throws(() => readChallenge(challenge), /cut off/);
  assert.throws(() => readPairs(hex("0100ff00aa")), /cut off/);
  assert.deepEqual(readPairs(hex("00")), []);
});

test("users come with a domain, as user@domain, or alone", () => {
  assert.deepEqual(readUser("CORP\\ada", "x"), { user: "ada", domain: "CORP", password: "x" });
  assert.deepEqual(readUser("ada@corp.example", "x"), { user: "ada@corp.example", domain: "", password: "x" });
  assert.deepEqual(readUser(".\\ada", "x"), { user: "ada", domain: ".", password: "x" });
});
