import {
  PyFloat,
  Undefined,
  HostObject,
  Markup,
  dictEntries,
  float,
  hostValue,
  int,
  isDict,
  iterate,
  text,
  typeName,
} from "@squall/jinja";
import type { Runtime } from "@squall/jinja";
import {
  Schema,
  YAMLException,
  defineScalarTag,
  dump,
  load,
  mergeTag,
  NOT_RESOLVED,
  realMapTag,
  mapTag,
  seqTag,
  strTag,
} from "js-yaml";
import { fault } from "./fault.ts";

const MAX_CHARACTERS = 1_000_000;

/** Plain scalars as YAML 1.1 reads them in PyYAML's safe loader, except that dates stay text. */
const nullTag = defineScalarTag<null>("tag:yaml.org,2002:null", {
  implicit: true,
  resolve: (source) => (/^(?:~|null|Null|NULL|)$/.test(source) ? null : NOT_RESOLVED),
  identify: (value) => value === null,
  represent: () => "null",
});
const boolTag = defineScalarTag<boolean>("tag:yaml.org,2002:bool", {
  implicit: true,
  resolve: (source) => {
    if (/^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(source)) return true;
    return /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(source) ? false : NOT_RESOLVED;
  },
  identify: (value) => typeof value === "boolean",
  represent: String,
});
const intTag = defineScalarTag<number | bigint>("tag:yaml.org,2002:int", {
  implicit: true,
  resolve: (source) => readInteger(source) ?? NOT_RESOLVED,
  identify: (value) => typeof value === "bigint" || Number.isInteger(value),
  represent: String,
});
const floatTag = defineScalarTag<number | PyFloat>("tag:yaml.org,2002:float", {
  implicit: true,
  resolve: (source) => readFloat(source) ?? NOT_RESOLVED,
  identify: (value) => value instanceof PyFloat || typeof value === "number",
  represent: (value: number | PyFloat) => writeFloat(value instanceof PyFloat ? value.value : value),
});

const LOAD = new Schema([strTag, seqTag, realMapTag, nullTag, boolTag, intTag, floatTag, mergeTag]);
const DUMP = new Schema([strTag, seqTag, mapTag, realMapTag, nullTag, boolTag, intTag, floatTag]);

function readInteger(source: string): number | bigint | undefined {
  const parts = /^([-+]?)(?:0b([01_]+)|0([0-7_]+)|0x([\da-fA-F_]+)|(0|[1-9][\d_]*)|([1-9][\d_]*(?::[0-5]?\d)+))$/.exec(
    source,
  );
  if (parts === null || source.length > 4300) return undefined;
  const [, sign, binary, octal, hex, decimal, sexagesimal] = parts;
  const digits = (given: string): string => given.replaceAll("_", "") || "0";
  let value: bigint;
  if (binary !== undefined) value = BigInt(`0b${digits(binary)}`);
  else if (octal !== undefined) value = BigInt(`0o${digits(octal)}`);
  else if (hex !== undefined) value = BigInt(`0x${digits(hex)}`);
  else if (decimal !== undefined) value = BigInt(digits(decimal));
  else
    value = digits(sexagesimal as string)
      .split(":")
      .reduce((total, part) => total * 60n + BigInt(part), 0n);
  return int(sign === "-" ? -value : value);
}

function readFloat(source: string): number | PyFloat | undefined {
  const special = /^([-+]?)\.(?:inf|Inf|INF)$/.exec(source);
  if (special !== null) return special[1] === "-" ? -Infinity : Infinity;
  if (/^\.(?:nan|NaN|NAN)$/.test(source)) return Number.NaN;
  if (/^[-+]?(?:\d[\d_]*\.[\d_]*(?:[eE][-+]\d+)?|\.[\d][\d_]*(?:[eE][-+]\d+)?)$/.test(source)) {
    return float(Number(source.replaceAll("_", "")));
  }
  const parts = /^([-+]?)(\d[\d_]*(?::[0-5]?\d)+)\.([\d_]*)$/.exec(source);
  if (parts === null) return undefined;
  const whole = (parts[2] as string)
    .replaceAll("_", "")
    .split(":")
    .reduce((total, part) => total * 60 + Number(part), 0);
  const value = whole + Number(`0.${(parts[3] as string).replaceAll("_", "") || "0"}`);
  return float(parts[1] === "-" ? -value : value);
}

function writeFloat(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const digits = String(value);
  if (digits.includes("e")) return digits.includes(".") ? digits : digits.replace("e", ".0e");
  return digits.includes(".") ? digits : `${digits}.0`;
}

/** @throws JinjaRuntimeError (YAMLError) */
export function parseYaml(rt: Runtime, source: string): unknown {
  if (source.length > MAX_CHARACTERS) {
    throw fault(
      `a YAML text may have at most ${MAX_CHARACTERS} characters, this one has ${source.length}`,
      "YAMLError",
    );
  }
  rt.spend(source.length >> 4);
  if (source.trim() === "") return null;
  try {
    return load(source, { schema: LOAD, json: true, maxAliases: 1000 }) ?? null;
  } catch (error) {
    if (error instanceof YAMLException) throw fault(`invalid YAML: ${error.message}`, "YAMLError");
    throw fault(`invalid YAML: ${(error as Error).message}`, "YAMLError");
  }
}

export interface YamlStyle {
  readonly indent: number | undefined;
  readonly escapeUnicode: boolean;
}

/** Block style with sorted keys, as PyYAML's safe dumper writes it. @throws JinjaRuntimeError for what YAML lacks */
export function dumpYaml(rt: Runtime, value: unknown, style: YamlStyle): string {
  const indent = style.indent !== undefined && style.indent > 1 && style.indent < 10 ? style.indent : 2;
  const out = dump(plain(rt, value, 0), { schema: DUMP, indent, seqNoIndent: true, lineWidth: 80, noRefs: true });
  rt.allowText(out.length);
  return style.escapeUnicode
    ? out.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : out;
}

function plain(rt: Runtime, value: unknown, depth: number): unknown {
  rt.spend(1);
  if (depth > 90) throw fault("a value that is written as YAML is nested more than 90 levels deep", "YAMLError");
  if (value === undefined) return null;
  if (typeof value !== "object" || value === null || value instanceof PyFloat) return value;
  if (value instanceof Markup) return value.text;
  if (value instanceof Undefined) throw value.error();
  if (value instanceof HostObject) return plain(rt, hostValue(value), depth + 1);
  if (isDict(value)) {
    const entries = dictEntries(value).map(
      ([key, item]) => [typeof key === "object" ? text(rt, key) : key, plain(rt, item, depth + 1)] as const,
    );
    entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0));
    return new Map(entries);
  }
  if (Array.isArray(value)) return iterate(rt, value).map((item) => plain(rt, item, depth + 1));
  throw fault(`cannot represent an object of type ${typeName(value)} in YAML`, "RepresenterError");
}
