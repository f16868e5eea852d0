import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHosts } from "./hosts.ts";

const read = (list: string) => parseHosts(list).map(({ name, port, label }) => [name, port, label]);

test("names and addresses come with ports or without, IPv6 in brackets or bare", () => {
  assert.deepEqual(read(" web1 ,web2:2222,10.0.0.1:22,[::1]:2200,[fe80::1%eth0],2001:db8::7,"), [
    ["web1", undefined, "web1"],
    ["web2", 2222, "web2"],
    ["10.0.0.1", 22, "10.0.0.1"],
    ["::1", 2200, "::1"],
    ["fe80::1%eth0", undefined, "fe80::1%eth0"],
    ["2001:db8::7", undefined, "2001:db8::7"],
  ]);
});

test("a host that is named twice runs once; on several ports its results stand under each", () => {
  assert.deepEqual(read("a,a,b:1,b:2,b"), [
    ["a", undefined, "a"],
    ["b", 1, "b:1"],
    ["b", 2, "b:2"],
    ["b", undefined, "b"],
  ]);
});

test("what is no host is refused by name", () => {
  for (const list of ["", " , ", "a b", "a:0", "a:70000", "a:b", "-oProxyCommand=x", "[a]", "[::1", "a\nb", "a*", "ü"])
    assert.throws(() => parseHosts(list), { code: "runner.ssh.hosts" }, list);
});
