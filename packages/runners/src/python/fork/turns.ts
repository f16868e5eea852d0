/** Turns of the event loop after which what was sent on any connection before a process's end has been heard. */
const TURNS = 4;

/** Resolves when everything has been heard that was sent before what was heard now. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    const { promise, resolve } = Promise.withResolvers<void>();
    setImmediate(resolve);
    await promise;
  }
}
