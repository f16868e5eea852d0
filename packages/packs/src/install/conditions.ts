import { Invalid } from "@squall/model";
import type { PackFacts } from "./facts.ts";

/** The StackStorm whose packs run here: what `stackstorm_version` of a manifest is compared with. */
export const STACKSTORM_VERSION = "3.9.0";

/** Throws Invalid when the pack says of itself that it does not run here. */
export function checkConditions(facts: PackFacts): void {
  const failing = facts.stackstorm_version
    .split(",")
    .map((condition) => condition.trim())
    .find((condition) => condition !== "" && !holds(condition));
  if (failing !== undefined) {
    throw new Invalid("pack.install.version", {
      message: `Pack "${facts.ref}" requires StackStorm "${facts.stackstorm_version}", and Squall runs packs for ${STACKSTORM_VERSION}. Install another version of the pack, or this one with "force".`,
      at: { file: "pack.yaml", field: "stackstorm_version" },
    });
  }
  if (facts.python_versions.length > 0 && !facts.python_versions.includes("3")) {
    throw new Invalid("pack.install.version", {
      message: `Pack "${facts.ref}" requires Python ${facts.python_versions.join(", ")}, and packs run with Python 3 here. Install a newer version of the pack, or this one with "force".`,
      at: { file: "pack.yaml", field: "python_versions" },
    });
  }
}

/** What does not stop an installation but should be known. */
export function warningsOf(facts: PackFacts): string[] {
  if (facts.python_versions.length === 0 || facts.python_versions.includes("3")) return [];
  return [
    `Pack "${facts.ref}" says that it is for Python ${facts.python_versions.join(", ")}; it runs with Python 3 here.`,
  ];
}

/** A condition that cannot be read holds: StackStorm takes such packs too, and the manifest's check warns. */
function holds(condition: string): boolean {
  const [, operator = "", version = ""] = /^([<>]=?|=)\s*(\d+\.\d+\.\d+)/.exec(condition) ?? [];
  if (operator === "") return true;
  const [here, there] = [STACKSTORM_VERSION, version].map((text) => text.split(".").map(Number));
  const difference = [0, 1, 2].map((at) => (here?.[at] ?? 0) - (there?.[at] ?? 0)).find((one) => one !== 0) ?? 0;
  switch (operator) {
    case ">":
      return difference > 0;
    case ">=":
      return difference >= 0;
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    default:
      return difference === 0;
  }
}
