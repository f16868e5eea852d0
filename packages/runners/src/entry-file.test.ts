import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Invalid, NotFound } from "@squall/model";
import { aJob } from "./a-job.ts";
import { entryFile } from "./entry-file.ts";

test("an entry point is a file inside the pack, whatever its name pretends", async (t) => {
  const pack = await mkdtemp(join(tmpdir(), "squall-entry-"));
  t.after(() => rm(pack, { recursive: true }));
  await mkdir(join(pack, "actions"));
  await writeFile(join(pack, "actions", "a.sh"), "");
  await symlink("/bin/sh", join(pack, "actions", "link.sh"));
  const of = (entryPoint: string) => {
    const job = aJob();
    return entryFile({ ...job, action: { ...job.action, entryPoint } }, pack);
  };
  assert.equal(await of("a.sh"), join(pack, "actions", "a.sh"));
  assert.equal(await of(join(pack, "actions", "a.sh")), join(pack, "actions", "a.sh"));
  for (const outside of ["/bin/sh", "link.sh", "../../../../../bin/sh"]) await assert.rejects(of(outside), Invalid);
  await assert.rejects(of("none.sh"), NotFound);
});
