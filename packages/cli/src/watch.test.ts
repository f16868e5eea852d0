import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyHome } from "./testing/run-squall.ts";
import { watchFolders } from "./watch.ts";

test("a burst of changes is told once, in order, without what editors and git leave about", async () => {
  const folder = emptyHome();
  mkdirSync(join(folder, "rules"));
  mkdirSync(join(folder, ".git"));
  const leaving = new AbortController();
  const told: (readonly string[])[] = [];
  const watching = watchFolders([folder], leaving.signal, async (changed) => {
    told.push(changed);
    if (told.length === 1) writeFileSync(join(folder, "rules", "c.yaml"), "during the call");
    else leaving.abort();
  });
  writeFileSync(join(folder, "rules", "b.yaml"), "1");
  writeFileSync(join(folder, "a.yaml"), "1");
  writeFileSync(join(folder, ".git", "index"), "1");
  writeFileSync(join(folder, "rules", ".b.yaml.swp"), "1");
  await watching;
  assert.deepEqual(told, [
    [join(folder, "a.yaml"), join(folder, "rules", "b.yaml")],
    [join(folder, "rules", "c.yaml")],
  ]);
});
