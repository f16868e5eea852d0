import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCron } from "./cron-fields.ts";
import { nextCronTime } from "./cron-schedule.ts";
import { zoneOf } from "./zone.ts";

/** The next `count` times after a moment. */
function times(parameters: Record<string, unknown>, zone: string, from: string, count: number): string[] {
  const spec = parseCron(parameters);
  assert.ok("sets" in spec, JSON.stringify(spec));
  const found: string[] = [];
  let time = Date.parse(from);
  while (found.length < count) {
    const next = nextCronTime(spec, zoneOf(zone), time);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().replace(":00.000Z", "Z"));
    time = next + 1;
  }
  return found;
}

/** parameters, zone, from, what APScheduler 3.10's CronTrigger gives first */
const TABLE: readonly [Record<string, unknown>, string, string, string][] = [
  [{}, "UTC", "2024-01-01T00:00:00.500Z", "2024-01-01T00:00:01.000Z"],
  [{ second: "*/20" }, "UTC", "2024-01-01T00:00:21Z", "2024-01-01T00:00:40.000Z"],
  [{ minute: "*/15" }, "UTC", "2024-01-01T00:01:00Z", "2024-01-01T00:15Z"],
  [{ hour: 3 }, "Europe/Berlin", "2024-01-01T12:00:00Z", "2024-01-02T02:00Z"],
  [{ day_of_week: 0, hour: 4 }, "UTC", "2024-01-01T05:00:00Z", "2024-01-08T04:00Z"],
  [{ day_of_week: "mon-fri", hour: 9, minute: 30 }, "UTC", "2024-01-05T10:00:00Z", "2024-01-08T09:30Z"],
  [{ day: "last" }, "UTC", "2024-02-01T00:00:00Z", "2024-02-29T00:00Z"],
  [{ day: "last fri", hour: 17 }, "UTC", "2024-01-01T00:00:00Z", "2024-01-26T17:00Z"],
  [{ day: "2nd tue, 20" }, "UTC", "2024-01-10T00:00:00Z", "2024-01-20T00:00Z"],
  [{ day: "5th wed" }, "UTC", "2024-02-01T00:00:00Z", "2024-05-29T00:00Z"],
  [{ month: "jan,mar-may/1".replace("/1", ""), day: 5 }, "UTC", "2024-02-01T00:00:00Z", "2024-03-05T00:00Z"],
  [{ month: 6 }, "UTC", "2024-06-01T00:00:01Z", "2025-06-01T00:00Z"],
  [{ month: 2, day: 29 }, "UTC", "2025-01-01T00:00:00Z", "2028-02-29T00:00Z"],
  [{ month: 2, day: 29, day_of_week: "thu" }, "UTC", "2025-01-01T00:00:00Z", "2052-02-29T00:00Z"],
  [{ week: 53, day_of_week: 6 }, "UTC", "2024-01-01T00:00:00Z", "2027-01-03T00:00Z"],
  [{ year: "2026-2030/2", month: 7 }, "UTC", "2026-08-01T00:00:00Z", "2028-07-01T00:00Z"],
  [{ hour: "1-9/4", minute: "5" }, "Asia/Kolkata", "2024-01-01T00:00:00Z", "2024-01-01T03:35Z"],
  [{ year: "2024", hour: "20/2" }, "UTC", "2024-12-31T21:00:00Z", "2024-12-31T22:00Z"],
];

test("fields, ranges, names and defaults are APScheduler's", () => {
  for (const [parameters, zone, from, expected] of TABLE) {
    assert.deepEqual(times(parameters, zone, from, 1), [expected], JSON.stringify(parameters));
  }
});

test("dates that never come end at once with no time", () => {
  assert.deepEqual(times({ month: 2, day: 30 }, "UTC", "2024-01-01T00:00:00Z", 1), []);
  assert.deepEqual(times({ month: 6, week: 1 }, "UTC", "2024-01-01T00:00:00Z", 1), []);
  assert.deepEqual(times({ year: 2020 }, "UTC", "2024-01-01T00:00:00Z", 1), []);
});

test("a daily time that spring leaves out comes by standard time, once", () => {
  assert.deepEqual(times({ hour: 2, minute: 30 }, "Europe/Berlin", "2024-03-30T00:00:00Z", 3), [
    "2024-03-30T01:30Z",
    "2024-03-31T01:30Z",
    "2024-04-01T00:30Z",
  ]);
  assert.deepEqual(times({ hour: 2, minute: 30 }, "America/New_York", "2024-03-09T00:00:00Z", 3), [
    "2024-03-09T07:30Z",
    "2024-03-10T07:30Z",
    "2024-03-11T06:30Z",
  ]);
});

test("a reading that spring leaves out and the one it falls on are one firing, and none is lost beside them", () => {
  assert.deepEqual(times({ hour: "2-3", minute: "0,30" }, "Europe/Berlin", "2024-03-31T00:00:00Z", 4), [
    "2024-03-31T01:00Z",
    "2024-03-31T01:30Z",
    "2024-04-01T00:00Z",
    "2024-04-01T00:30Z",
  ]);
  assert.deepEqual(times({ hour: "2,3", minute: "15" }, "Europe/Berlin", "2024-03-31T01:00:00Z", 2), [
    "2024-03-31T01:15Z",
    "2024-04-01T00:15Z",
  ]);
});

test("where the gap is half an hour, what it leaves out comes between what it does not", () => {
  assert.deepEqual(times({ hour: 2, minute: "15,35" }, "Australia/Lord_Howe", "2024-10-05T12:00:00Z", 3), [
    "2024-10-05T15:35Z",
    "2024-10-05T15:45Z",
    "2024-10-06T15:15Z",
  ]);
});

test("a midnight that autumn repeats is found from afar", () => {
  assert.deepEqual(times({ month: 11, day: 3, hour: "*", minute: 30 }, "America/Havana", "2024-02-01T00:00:00Z", 3), [
    "2024-11-03T04:30Z",
    "2024-11-03T05:30Z",
    "2024-11-03T06:30Z",
  ]);
});

test("a daily time that autumn repeats comes at its second reading only, wherever one begins to look", () => {
  for (const from of ["2024-10-26T23:00:00Z", "2024-10-27T00:10:00Z", "2024-10-27T00:45:00Z"]) {
    assert.deepEqual(times({ hour: 2, minute: 30 }, "Europe/Berlin", from, 2), [
      "2024-10-27T01:30Z",
      "2024-10-28T01:30Z",
    ]);
  }
  assert.deepEqual(times({ hour: 1, minute: 30 }, "America/New_York", "2024-11-03T00:00:00Z", 2), [
    "2024-11-03T06:30Z",
    "2024-11-04T06:30Z",
  ]);
});

test("a timer of every hour keeps its pace through both changes of the clocks", () => {
  for (const [zone, from] of [
    ["Europe/Berlin", "2024-03-31T00:00:00Z"],
    ["Europe/Berlin", "2024-10-26T23:00:00Z"],
    ["America/New_York", "2024-03-10T05:00:00Z"],
    ["America/New_York", "2024-11-03T04:00:00Z"],
    ["Australia/Lord_Howe", "2024-10-05T14:00:00Z"],
    ["Australia/Lord_Howe", "2024-04-06T13:00:00Z"],
  ] as const) {
    const found = times({ minute: "*/15" }, zone, from, 20).map((text) => Date.parse(text.replace(/Z$/, ":00Z")));
    for (const [at, time] of found.entries()) assert.equal(time, Date.parse(from) + at * 900_000, `${zone} ${from}`);
  }
});

test("what APScheduler refuses is refused, with the field and the reason", () => {
  for (const [parameters, reason] of [
    [{ minute: "60" }, /field "minute": the last value \(60\) is higher than the maximum value \(59\)/],
    [{ month: 0 }, /field "month": the first value \(0\) is lower/],
    [{ hour: "5-3" }, /must not be higher than the maximum/],
    [{ hour: "*/0" }, /Increment must be higher than 0/],
    [{ hour: "*/24" }, /step value \(24\) is higher than the total range/],
    [{ day_of_week: 7 }, /field "day_of_week"/],
    [{ day_of_week: "monday" }, /names are mon, tue/],
    [{ day_of_week: "mon/2" }, /Unrecognized expression/],
    [{ month: "foo" }, /names are jan, feb/],
    [{ day: "6th mon" }, /Unrecognized expression/],
    [{ day: "1st xyz" }, /names are mon/],
    [{ second: "" }, /Unrecognized expression/],
    [{ second: "1,,2" }, /Unrecognized expression/],
    [{ second: "-1" }, /Unrecognized expression/],
  ] as const) {
    const problems = parseCron(parameters);
    assert.ok(Array.isArray(problems), JSON.stringify(parameters));
    assert.match(String(problems), reason);
  }
});
