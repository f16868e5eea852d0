import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLenientDate } from "./lenient-date.ts";

const NOW = Date.UTC(2024, 4, 17, 13, 14, 15) * 1000; // a Friday

/** text, what Python's dateutil 2.9 makes of it that day */
const TABLE: readonly [string, string | undefined][] = [
  ["2024-01-05", "2024-01-05T00:00:00.000Z"],
  ["2024-01-05T10:11:12+0530", "2024-01-05T04:41:12.000Z"],
  ["2024-01-05 10:11:12.5+02:00", "2024-01-05T08:11:12.500Z"],
  ["20240105T101112", "2024-01-05T10:11:12.000Z"],
  ["20240105", "2024-01-05T00:00:00.000Z"],
  ["2024/1/5 7:05", "2024-01-05T07:05:00.000Z"],
  ["01/31/2024", "2024-01-31T00:00:00.000Z"],
  ["31/01/2024", "2024-01-31T00:00:00.000Z"],
  ["01-02-2024", "2024-01-02T00:00:00.000Z"],
  ["1/2/99", "1999-01-02T00:00:00.000Z"],
  ["Jan 5 2024 10:00 PM", "2024-01-05T22:00:00.000Z"],
  ["5th of January 2024", "2024-01-05T00:00:00.000Z"],
  ["Sept 3 2023 12am", "2023-09-03T00:00:00.000Z"],
  ["Jan 2024", "2024-01-17T00:00:00.000Z"],
  ["Fri, 05 Jan 2024 10:11:12 +0100", "2024-01-05T09:11:12.000Z"],
  ["Tue, 2 Jan 2024 03:04:05 -0800 (PST)", "2024-01-02T11:04:05.000Z"],
  ["Fri Jan  5 10:11:12 2024", "2024-01-05T10:11:12.000Z"],
  ["5/Jan/2024:10:11:12 +0000", undefined],
  ["10:11:12 2024-01-05", "2024-01-05T10:11:12.000Z"],
  ["10:30", "2024-05-17T10:30:00.000Z"],
  ["Monday", "2024-05-20T00:00:00.000Z"],
  ["2024-02-30", undefined],
  ["25:00", undefined],
  ["13:00 pm", undefined],
  ["2024-01-05T24:00:00", undefined],
  ["2024-W05", undefined],
  ["1700000000", undefined],
  ["hello", undefined],
  ["''", undefined],
  ["", undefined],
];

test("dates are read as dateutil reads them", () => {
  for (const [text, expected] of TABLE) {
    const found = parseLenientDate(text, NOW);
    assert.equal(found === undefined ? undefined : new Date(found / 1000).toISOString(), expected, text);
  }
});
