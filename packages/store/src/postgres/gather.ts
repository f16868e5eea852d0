/**
 * Look-ups that are asked for in one turn of the event loop, as one: a round trip costs both sides more than a row does. Asked
 * for before it is sent, each sees whatever was committed before it was asked for. A failure is that of all of them.
 */
export function gather<T>(
  find: (group: string, ids: readonly string[]) => Promise<ReadonlyMap<string, T>>,
): (group: string, id: string) => Promise<T | undefined> {
  let wanted = new Map<string, Set<string>>();
  let soon: Promise<ReadonlyMap<string, Promise<ReadonlyMap<string, T>>>> | undefined;

  const send = async (): Promise<ReadonlyMap<string, Promise<ReadonlyMap<string, T>>>> => {
    await new Promise(setImmediate);
    const asked = wanted;
    wanted = new Map();
    soon = undefined;
    return new Map(Array.from(asked, ([group, ids]) => [group, find(group, [...ids])]));
  };

  return async (group, id) => {
    const ids = wanted.get(group) ?? new Set();
    wanted.set(group, ids.add(id));
    soon ??= send();
    const found = await (await soon).get(group);
    return found?.get(id);
  };
}
