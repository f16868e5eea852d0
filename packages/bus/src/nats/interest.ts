import type { Topic } from "../port.ts";
import type { Link } from "./link.ts";

/** What is said all the time, is large, and is for those who watch or wait: mostly nobody. */
const SELDOM_WANTED: ReadonlySet<Topic> = new Set<Topic>(["execution", "output"]);

export interface InterestOptions {
  readonly link: Pick<Link, "isUp" | "publish" | "subscribe">;
  readonly subjectOf: (topic: Topic) => string;
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number;
  readonly times?: InterestTimes;
}

/** In milliseconds. */
export interface InterestTimes {
  /** Between two times that a listener says that it is there. */
  readonly again: number;
  /** How long that holds: some of them may be lost. */
  readonly holds: number;
  /** How long a bus goes on saying so after its last listener left: who waits now and then misses nothing. */
  readonly lingers: number;
}

const TIMES: InterestTimes = { again: 1_500, holds: 5_000, lingers: 60_000 };

/**
 * Who listens to what mostly nobody listens to. Telling the others of each execution costs about as much as running it, so it
 * is only done while some of them say that they want to hear it.
 *
 * I1  Who was not heard yet counts as listening: after the start, and after each time the connection was lost.
 * I2  What is not sent for want of a listener is what a message may always be: lost.
 */
export interface Interest {
  /** Whether anybody else may listen. */
  isThere(topic: Topic): boolean;
  /** This process listens from now on. */
  listens(topic: Topic): void;
  /** It does not any more. */
  left(topic: Topic): void;
  /** There is a connection, maybe to another server. */
  up(): void;
  close(): void;
}

export function createInterest({ link, subjectOf, now, times = TIMES }: InterestOptions): Interest {
  const others = new Map<Topic, number>();
  /** Until when to say that this process listens. */
  const own = new Map<Topic, number>();

  const assume = (): void => {
    for (const topic of SELDOM_WANTED) others.set(topic, now() + times.holds);
  };
  const say = (): void => {
    for (const [topic, until] of own) {
      if (until < now()) own.delete(topic);
      else link.publish(subjectOf(topic), new Uint8Array());
    }
  };
  assume();
  const leave = Array.from(SELDOM_WANTED, (topic) =>
    link.subscribe(subjectOf(topic), () => others.set(topic, now() + times.holds)),
  );
  const timer = setInterval(say, times.again).unref();

  return {
    isThere: (topic) => !SELDOM_WANTED.has(topic) || (others.get(topic) ?? 0) > now(),
    listens(topic) {
      if (!SELDOM_WANTED.has(topic)) return;
      own.set(topic, Number.POSITIVE_INFINITY);
      link.publish(subjectOf(topic), new Uint8Array());
    },
    left(topic) {
      if (own.has(topic)) own.set(topic, now() + times.lingers);
    },
    up() {
      assume();
      say();
    },
    close() {
      clearInterval(timer);
      for (const one of leave) one();
    },
  };
}
