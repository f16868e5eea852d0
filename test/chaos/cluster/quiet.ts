import { setTimeout as delay } from "node:timers/promises";
import { CRON_RULE, SENSOR_RULE, TICKS } from "./content.ts";
import { run } from "./postgres.ts";

/** Fewer have to wait or run each time this is over, however slow the machine. */
const STILL_MS = 30_000;
const FINAL = "('succeeded', 'failed', 'timeout', 'abandoned', 'canceled')";
/** These go on as long as there are sources. */
const ENDLESS = [...TICKS.map((tick) => `chaos.tick_${tick}`), CRON_RULE, SENSOR_RULE];

/** Resolves when nothing waits or runs but what timers and sensors began. Answers what does not move, if anything. */
export async function untilQuiet(url: string, all: "all" | "but sources"): Promise<string[]> {
  const endless = all === "all" ? [] : ENDLESS;
  const open = `from execution where status not in ${FINAL} and (rule is null or not rule = any($1::text[]))`;
  let before = "";
  let since = performance.now();
  for (;;) {
    const rows = await run(url, `select id, action, status, log::text as log, parent, worker ${open} limit 200`, [
      endless,
    ]);
    const told = await run(url, "select count(*)::int as count from told").catch(() => [{ count: 0 }]); // one server has none
    if (rows.length === 0 && told[0]?.count === 0) return [];
    const now = JSON.stringify([rows, told]);
    if (now !== before) {
      before = now;
      since = performance.now();
    } else if (performance.now() - since > STILL_MS) {
      return [
        ...(told[0]?.count === 0 ? [] : [`${String(told[0]?.count)} rows of told are heard by nobody`]),
        ...rows.map(
          (one) =>
            `execution ${String(one.id)} (${String(one.action)}) stays ${String(one.status)}: ${JSON.stringify(one).slice(0, 600)}`,
        ),
      ];
    }
    await delay(200);
  }
}
