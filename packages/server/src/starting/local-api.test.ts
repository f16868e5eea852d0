import assert from "node:assert/strict";
import { test } from "node:test";
import { localApiTrouble, type MemberPlace } from "./local-api.ts";

function member(id: string, host: string, url?: string): MemberPlace {
  return { id, host, ...(url !== undefined && { url }) };
}

test("an API that listens on its machine alone is warned of where the cluster has others", () => {
  const local = member("api", "a", "http://127.0.0.1:9101");
  assert.equal(localApiTrouble([local, member("worker", "a")], "api"), undefined);
  assert.match(
    localApiTrouble([local, member("worker", "b")], "api") ?? "",
    /^this process .*127\.0\.0\.1:9101.*--url/,
  );
  assert.match(localApiTrouble([local, member("worker", "b")], "worker") ?? "", /^member api .*--url/);
  const named = member("api", "a", "https://squall.example.org");
  for (const own of ["api", "worker"]) {
    assert.equal(localApiTrouble([named, member("worker", "b")], own), undefined);
  }
});
