import type { Method } from "./attributes.ts";
import { JinjaRuntimeError, typeError, valueError } from "./errors.ts";
import { bind } from "./filter.ts";
import { equals, order } from "./comparison.ts";
import { intArgument, iterate, truth } from "./sequence.ts";
import type { Runtime } from "./runtime.ts";
import { repr } from "./text.ts";

function method(
  signature: string,
  required: number,
  run: (rt: Runtime, list: unknown[], ...args: unknown[]) => unknown,
): Method {
  const names = signature.split(" ").filter(Boolean);
  return (rt, self, args, keywords) =>
    run(rt, self as unknown[], ...bind("list method", names, required, args, keywords));
}

const indexOf = (rt: Runtime, list: unknown[], item: unknown, from = 0, to = list.length): number => {
  for (let i = Math.max(0, from < 0 ? from + list.length : from); i < Math.min(to, list.length); i++) {
    rt.spend(1);
    if (equals(rt, list[i], item)) return i;
  }
  return -1;
};

const reading: [string, Method][] = [
  [
    "count",
    method("value", 1, (rt, list, item) => {
      rt.spend(list.length);
      return list.filter((member) => equals(rt, member, item)).length;
    }),
  ],
  [
    "index",
    method("value start stop", 1, (rt, list, item, start, stop) => {
      const from = start === undefined ? 0 : intArgument(start, "index");
      const to = stop === undefined ? list.length : intArgument(stop, "index");
      const at = indexOf(rt, list, item, from, to);
      if (at < 0) throw valueError(`${repr(rt, item)} is not in list`);
      return at;
    }),
  ],
];

export const tupleMethods: ReadonlyMap<string, Method> = new Map(reading);

export const listMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ...reading,
  [
    "append",
    method("object", 1, (rt, list, item) => {
      rt.spend(1);
      list.push(item);
      return null;
    }),
  ],
  [
    "extend",
    method("iterable", 1, (rt, list, more) => {
      // A copy, because a list can be extended by itself.
      const items = iterate(rt, more).slice();
      for (const item of items) {
        rt.spend(1);
        list.push(item);
      }
      return null;
    }),
  ],
  [
    "insert",
    method("index object", 2, (rt, list, at, item) => {
      rt.spend(list.length + 1);
      list.splice(intArgument(at, "index"), 0, item);
      return null;
    }),
  ],
  [
    "pop",
    method("index", 0, (rt, list, index) => {
      if (list.length === 0) throw new JinjaRuntimeError("pop from empty list", "IndexError");
      let at = index === undefined ? list.length - 1 : intArgument(index, "index");
      if (at < 0) at += list.length;
      if (at < 0 || at >= list.length) throw new JinjaRuntimeError("pop index out of range", "IndexError");
      rt.spend(list.length - at);
      return list.splice(at, 1)[0];
    }),
  ],
  [
    "remove",
    method("value", 1, (rt, list, item) => {
      const at = indexOf(rt, list, item);
      if (at < 0) throw valueError("list.remove(x): x not in list");
      list.splice(at, 1);
      return null;
    }),
  ],
  [
    "clear",
    method("", 0, (_, list) => {
      list.length = 0;
      return null;
    }),
  ],
  [
    "copy",
    method("", 0, (rt, list) => {
      rt.spend(list.length);
      return list.slice();
    }),
  ],
  [
    "reverse",
    method("", 0, (rt, list) => {
      rt.spend(list.length);
      list.reverse();
      return null;
    }),
  ],
  [
    "sort",
    (rt, self, args, keywords) => {
      if (args.length > 0) throw typeError("sort() takes no positional arguments");
      const [, reverse] = bind("sort", ["key", "reverse"], 0, [], keywords);
      const list = self as unknown[];
      const sign = reverse !== undefined && truth(rt, reverse) ? -1 : 1;
      rt.spend(list.length);
      list.sort((a, b) => sign * (order(rt, "<", a, b) ?? 0));
      return null;
    },
  ],
]);
