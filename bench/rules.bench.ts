/**
 * What rules cost an event: three of them match; the others wait for other values of the same field.
 * Measures matching alone (no store, no rendering of action parameters). Run: node bench/rules.bench.ts
 */
import { createRuleIndex, type Languages, matchRules } from "@squall/engine";
import type { Rule } from "@squall/model";

const EVENTS = 50_000;
const context = { variables: {}, now: 0 };
const payload = { body: { status: "firing", alert: "disk-full", labels: { host: "web-1" } }, headers: {} };

/** These rules hold plain paths and literals, so no language is asked for more than whether a text is a template. */
const languages: Languages = {
  isTemplate: (text) => text.includes("{{"),
  jsonpath: (query) => {
    throw new Error(`not measured: ${query}`);
  },
  renderNative: (template) => {
    throw new Error(`not measured: ${template}`);
  },
};

function ruleOf(at: number): Rule {
  const name = `rule-${String(at).padStart(6, "0")}`;
  return {
    id: name,
    uid: `rule:bench:${name}`,
    ref: `bench.${name}`,
    name,
    pack: "bench",
    enabled: true,
    type: { ref: "standard", parameters: {} },
    trigger: { type: "core.st2.webhook", ref: "core.st2.webhook", parameters: {} },
    criteria: {
      "trigger.body.status": { type: "eq", pattern: "firing" },
      "trigger.body.alert": { type: "eq", pattern: at < 3 ? "disk-full" : `alert-${at}` },
      "trigger.body.labels.host": { type: "startswith", pattern: "web-" },
    },
    action: { ref: "core.noop", parameters: {} },
  };
}

let base = 0;
for (const count of [3, 10_000, 100_000]) {
  const index = createRuleIndex(languages);
  const putStart = performance.now();
  for (let at = 0; at < count; at++) index.put(ruleOf(at));
  const putMs = performance.now() - putStart;
  for (let at = 0; at < 5000; at++) matchRules(index, "core.st2.webhook", payload, context);
  const start = performance.now();
  let matched = 0;
  for (let at = 0; at < EVENTS; at++) matched += matchRules(index, "core.st2.webhook", payload, context).length;
  const perSecond = (EVENTS / (performance.now() - start)) * 1000;
  base ||= perSecond;
  console.log(
    `${count} rules, ${matched / EVENTS} match: ${Math.round(perSecond)} events/s (${(base / perSecond).toFixed(2)} times the cost of 3 rules), put in ${putMs.toFixed(0)} ms`,
  );
}
