import type { Micros } from "@squall/model";

/** What is to happen when, soonest first. Entries cannot be taken out: whoever pops one looks whether it still holds. */
export interface TimerHeap<T> {
  push(at: Micros, item: T): void;
  /** When the soonest is due. */
  soonest(): Micros | undefined;
  pop(): T | undefined;
}

/** A binary heap: thousands of timers, one `setTimeout`. */
export function createTimerHeap<T>(): TimerHeap<T> {
  const heap: { readonly at: Micros; readonly item: T }[] = [];

  function swap(one: number, other: number): void {
    const held = heap[one];
    const there = heap[other];
    if (held && there) [heap[one], heap[other]] = [there, held];
  }
  const at = (index: number): Micros => heap[index]?.at ?? Number.POSITIVE_INFINITY;

  return {
    push(time, item) {
      heap.push({ at: time, item });
      for (let child = heap.length - 1; child > 0; ) {
        const parent = (child - 1) >> 1;
        if (at(parent) <= at(child)) break;
        swap(parent, child);
        child = parent;
      }
    },
    soonest: () => heap[0]?.at,
    pop() {
      swap(0, heap.length - 1);
      const popped = heap.pop();
      for (let parent = 0; ; ) {
        const left = parent * 2 + 1;
        const child = at(left + 1) < at(left) ? left + 1 : left;
        if (at(parent) <= at(child)) break;
        swap(parent, child);
        parent = child;
      }
      return popped?.item;
    },
  };
}
