import type { Engine } from "@squall/engine";
import type { JsonObject } from "@squall/model";

/**
 * How this process is, for whoever asks its health. Who asks need not sign in, so all words are ours and none are those of
 * an error: no paths, hosts or versions.
 *
 * C1  `ready` is said only between `isReady` and `stops`, and only while the parts that take its work are well.
 * C2  A part that does not answer within `ANSWER_MS` is not well; however many ask, it is asked once at a time.
 */
export interface Condition {
  /** What it does, or waits for, before it is ready. */
  starts(words: string): void;
  /** From now on this engine tells of its parts, or none does. */
  hasEngine(engine: Pick<Engine, "health"> | undefined): void;
  isReady(): void;
  stops(): void;
  readonly stage: "starting" | "ready" | "stopping";
  /** What the stage is, in words. */
  readonly words: string;
  look(): Promise<State>;
}

export interface State {
  /** It can take its work. */
  readonly ready: boolean;
  /** Why not, or that it is. */
  readonly words: string;
  readonly parts: Readonly<Record<string, PartState>>;
}

/** Counts and states beside it are numbers and booleans. */
export interface PartState {
  readonly ok: boolean;
  readonly words: string;
  readonly [detail: string]: boolean | number | string;
}

type EngineHealth = Awaited<ReturnType<Engine["health"]>>;

/** Shorter than a probe waits, longer than a database that is there takes. */
const ANSWER_MS = 2_000;

/** What does not keep a process from its work. */
const BESIDE: ReadonlySet<string> = new Set(["sensors", "bus"]);

export function createCondition(): Condition {
  let stage: Condition["stage"] = "starting";
  let words = "starting";
  let engine: Pick<Engine, "health"> | undefined;
  let asked: Promise<EngineHealth> | undefined;

  const askEngine = async (): Promise<Readonly<Record<string, PartState>>> => {
    if (!engine) return {};
    if (!asked) {
      const question = engine.health().finally(() => {
        if (asked === question) asked = undefined;
      });
      asked = question;
    }
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(resolve, ANSWER_MS, undefined);
    try {
      const answer = await Promise.race([asked, promise]); // C2
      if (!answer) return { store: { ok: false, words: "does not answer" } };
      return Object.fromEntries(Object.entries(answer.parts).map(([name, part]) => [name, shown(name, part)]));
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    starts(what) {
      if (stage === "starting") words = `starting: ${what}`;
    },
    hasEngine(given) {
      engine = given;
      asked = undefined;
    },
    isReady() {
      if (stage === "starting") [stage, words] = ["ready", "ready"];
    },
    stops() {
      [stage, words] = ["stopping", "stopping: it takes nothing new"];
    },
    get stage() {
      return stage;
    },
    get words() {
      return words;
    },
    async look() {
      const parts = { process: { ok: stage === "ready", words }, ...(await askEngine()) };
      const ill = Object.entries(parts).find(([name, part]) => !part.ok && !BESIDE.has(name));
      // C1: the stage may have changed while the parts were asked.
      const ready = ill === undefined && stage === "ready";
      return {
        ready,
        words: ill === undefined || ill[0] === "process" ? words : `the ${ill[0]} ${ill[1].words}`,
        parts,
      };
    },
  };
}

function shown(name: string, part: JsonObject): PartState {
  const ok = part["ok"] === true;
  const told = Object.entries(part).filter(
    (entry): entry is [string, boolean | number] => typeof entry[1] === "boolean" || typeof entry[1] === "number",
  );
  const code = part["code"];
  const words = ok ? "works" : name === "sensors" ? "not all run that should" : troubleWords(code);
  return { ...Object.fromEntries(told), ok, words };
}

const TROUBLE: Readonly<Record<string, string>> = {
  "store.unreachable": "cannot be reached",
  "store.connections": "has no connection left",
  "store.not-writable": "is read-only",
  "store.disk-full": "has a full disk",
  "store.slow": "takes too long",
  "store.taken-over": "belongs to another process now",
};

/** What is wrong with a part, by the code of its error. */
export function troubleWords(code: unknown): string {
  return typeof code === "string" && Object.hasOwn(TROUBLE, code) ? (TROUBLE[code] ?? "") : "does not work";
}
