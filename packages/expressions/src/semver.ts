import { JinjaRuntimeError, quoteText } from "./fault.ts";

interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: readonly string[];
}

const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*))?(?:\+[\da-zA-Z-]+(?:\.[\da-zA-Z-]+)*)?$/;

/** Parses a semantic version 2.0.0. @throws JinjaRuntimeError (ValueError) */
export function parseVersion(text: string): Version {
  const parts = text.length > 256 ? null : VERSION.exec(text);
  if (parts === null)
    throw new JinjaRuntimeError(`${quoteText(text.slice(0, 256))} is not valid SemVer string`, "ValueError");
  return {
    major: Number(parts[1]),
    minor: Number(parts[2]),
    patch: Number(parts[3]),
    prerelease: parts[4]?.split(".") ?? [],
  };
}

/** -1, 0 or 1; build metadata does not count. */
export function compareVersions(left: string, right: string): number {
  const a = parseVersion(left);
  const b = parseVersion(right);
  for (const part of ["major", "minor", "patch"] as const) if (a[part] !== b[part]) return a[part] < b[part] ? -1 : 1;
  if (a.prerelease.length === 0 || b.prerelease.length === 0)
    return Math.sign(b.prerelease.length - a.prerelease.length);
  for (let i = 0; i < Math.min(a.prerelease.length, b.prerelease.length); i++) {
    const by = compareIdentifiers(a.prerelease[i] as string, b.prerelease[i] as string);
    if (by !== 0) return by;
  }
  return Math.sign(a.prerelease.length - b.prerelease.length);
}

function compareIdentifiers(left: string, right: string): number {
  const isNumber = (text: string): boolean => /^\d+$/.test(text);
  if (isNumber(left) && isNumber(right)) return Math.sign(Number(left) - Number(right));
  if (isNumber(left) !== isNumber(right)) return isNumber(left) ? -1 : 1;
  return left === right ? 0 : left < right ? -1 : 1;
}

/** Whether a version meets `>1.0.0`, `<=2.1.3`, ... or equals a bare version. @throws JinjaRuntimeError (ValueError) */
export function matchVersion(version: string, expression: string): boolean {
  let operator = expression.slice(0, 2);
  let wanted = expression.slice(2);
  if (operator !== ">=" && operator !== "<=" && operator !== "==" && operator !== "!=") {
    operator = expression.slice(0, 1);
    wanted = expression.slice(1);
    if (/^\d/.test(operator)) {
      operator = "==";
      wanted = expression;
    } else if (operator !== ">" && operator !== "<") {
      throw new JinjaRuntimeError(
        "match_expr parameter should be in format <op><ver>, where <op> is one of " +
          `['<', '>', '==', '<=', '>=', '!=']. You provided: ${quoteText(expression)}`,
        "ValueError",
      );
    }
  }
  const by = compareVersions(version, wanted);
  switch (operator) {
    case ">":
      return by > 0;
    case "<":
      return by < 0;
    case ">=":
      return by >= 0;
    case "<=":
      return by <= 0;
    case "!=":
      return by !== 0;
    default:
      return by === 0;
  }
}
