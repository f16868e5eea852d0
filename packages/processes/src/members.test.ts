import assert from "node:assert/strict";
import { test } from "node:test";
import { BLANK_MARK, createProcessTable } from "./members.ts";

const isLinux = process.platform === "linux";

test("no leader and no mark are nobody's: not init's, not every unmarked process's, not a warm one's", {
  skip: isLinux ? false : "the table is Linux's",
}, () => {
  const { members } = createProcessTable();
  for (const leader of [0, 1, -1, Number.NaN])
    for (const mark of ["", BLANK_MARK, undefined as unknown as string])
      assert.deepEqual(members(leader, mark, 0), [], `${leader} ${mark}`);
});
