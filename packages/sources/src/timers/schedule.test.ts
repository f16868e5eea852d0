import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMicros, parseMicros } from "@squall/model";
import { checkTimerParameters, createSchedule } from "./schedule.ts";

const micros = (text: string): number => parseMicros(text) ?? Number.NaN;
const show = (time: number | undefined): string | undefined => (time === undefined ? undefined : formatMicros(time));

test("intervals are elapsed time from the creation on", () => {
  const schedule = createSchedule(
    "core.st2.IntervalTimer",
    { unit: "days", delta: 2, timezone: "Europe/Berlin" },
    "UTC",
  );
  assert.equal(show(schedule.following(micros("2024-03-30T10:00:00.123456Z"))), "2024-04-01T10:00:00.123456Z");
  assert.equal(
    show(schedule.latest(micros("2024-01-01T00:00:00Z"), micros("2024-01-09T23:00:00Z"))),
    "2024-01-09T00:00:00.000000Z",
  );
});

test("a date without a zone is a reading of the clocks in the timer's zone, or the default one", () => {
  const before = micros("2020-01-01T00:00:00Z");
  for (const [date, timezone, expected] of [
    ["2024-07-01T12:00:00", "Europe/Berlin", "2024-07-01T10:00:00.000000Z"],
    ["2024-07-01 12:00:00", undefined, "2024-07-01T16:00:00.000000Z"],
    ["2024-07-01T12:00:00Z", "Europe/Berlin", "2024-07-01T12:00:00.000000Z"],
    ["2024-07-01T12:00:00+05:30", undefined, "2024-07-01T06:30:00.000000Z"],
    ["Mon, 01 Jul 2024 12:00:00 GMT", undefined, "2024-07-01T12:00:00.000000Z"],
  ] as const) {
    const schedule = createSchedule("core.st2.DateTimer", { date, ...(timezone && { timezone }) }, "America/New_York");
    assert.equal(show(schedule.following(before)), expected);
    assert.equal(schedule.following(micros(expected)), undefined);
  }
});

test("the latest cron time before a moment is found, however many lie between", () => {
  const schedule = createSchedule("core.st2.CronTimer", { hour: 10, second: "*" }, "UTC");
  const latest = schedule.latest(micros("2020-01-01T10:00:00Z"), micros("2024-01-01T09:00:00Z"));
  assert.equal(show(latest), "2023-12-31T10:59:59.000000Z");
});

test("nothing is planned for times that microseconds cannot count exactly", () => {
  const schedule = createSchedule("core.st2.IntervalTimer", { unit: "weeks", delta: 20_000 }, "UTC");
  assert.equal(schedule.following(micros("2024-01-01T00:00:00Z")), undefined);
});

test("parameters that make no schedule are told", () => {
  assert.deepEqual(checkTimerParameters("core.st2.IntervalTimer", { unit: "seconds", delta: 5 }), []);
  assert.deepEqual(checkTimerParameters("core.st2.CronTimer", { minute: "*/5", misfire: "all" }), []);
  for (const [type, parameters, reason] of [
    ["core.st2.IntervalTimer", { unit: "seconds" }, /'delta' is a required property/],
    ["core.st2.IntervalTimer", { unit: "seconds", delta: 0 }, /delta: /],
    ["core.st2.IntervalTimer", { unit: "fortnights", delta: 1 }, /unit: 'fortnights' is not one of/],
    ["core.st2.IntervalTimer", { unit: "days", delta: 1, misfire: "never" }, /misfire: /],
    ["core.st2.CronTimer", { minute: "61" }, /field "minute"/],
    ["core.st2.CronTimer", { minutes: "1" }, /minutes/],
    ["core.st2.CronTimer", { minute: 1, timezone: "Mars/Base" }, /no time zone "Mars\/Base"/],
    ["core.st2.DateTimer", { date: "soon" }, /"soon" is no date/],
    ["core.st2.webhook", {}, /is no timer/],
  ] as const) {
    assert.match(checkTimerParameters(type, parameters).join("; "), reason);
  }
});
