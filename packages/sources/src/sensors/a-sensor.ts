import { Invalid, type JsonObject, microsNow } from "@squall/model";
import { baseEnvironment } from "@squall/processes";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { SensorDeps, SensorEvent, SensorInstance, SensorLimits, SensorNews, SensorStatus } from "./sensor.ts";
import { createSensorSource, type SensorSource } from "./source.ts";

/** For tests: a source of sensors over real processes, whose events and news are collected. */
export interface TestSensors {
  readonly source: SensorSource;
  readonly directory: string;
  readonly events: (SensorEvent & { readonly sensor: string })[];
  readonly news: SensorNews[];
  readonly complaints: string[];
  /** An instance whose file has this text. */
  instance(code: string, change?: Partial<SensorInstance>): SensorInstance;
  /** Resolves once it holds; asks again whenever something happened. */
  until<T>(holds: () => T | undefined | false): Promise<T>;
  /** The status once it is in one of these states. */
  state(id: string, ...states: SensorStatus["state"][]): Promise<SensorStatus>;
  logOf(id: string): Promise<string>;
}

const LOOK_MS = 20;

export function someSensors(
  t: TestContext,
  change: {
    limits?: Partial<SensorLimits>;
    emit?: (instance: SensorInstance, event: SensorEvent) => Promise<void>;
    python?: string;
    config?: () => JsonObject;
    random?: () => number;
  } = {},
): TestSensors {
  const directory = mkdtempSync(join(tmpdir(), "squall-sensors-"));
  const events: (SensorEvent & { readonly sensor: string })[] = [];
  const news: SensorNews[] = [];
  const complaints: string[] = [];
  const deps: SensorDeps = {
    prepare: async () => ({
      config: change.config?.() ?? { greeting: "hello" },
      environment: { ST2_API_URL: "http://127.0.0.1:9/v1", ST2_AUTH_TOKEN: "a token" },
      release: () => undefined,
    }),
    async emit(instance, event) {
      await change.emit?.(instance, event);
      if (event.trigger === "p.unknown")
        throw new Invalid("event.trigger.unknown", { message: "there is no such trigger" });
      events.push({ ...event, sensor: instance.id });
    },
    tell: async (_, one) => void news.push(one),
    markOf: (project, id) => `test-${directory}-${project}-${id}`,
    now: microsNow,
    random: change.random ?? (() => 0),
    settings: {
      python: {
        pythonPath: join(import.meta.dirname, "../../../../python"),
        python: change.python ?? "python3",
        virtualenvs: join(directory, "virtualenvs"),
        packLibraries: false,
        // A folder without wheels: nothing can be had, and nobody outside is asked.
        packages: { wheels: directory },
      },
      environment: baseEnvironment(process.env),
      logs: join(directory, "logs"),
      configs: join(directory, "configs"),
      limits: { graceMs: 2_000, ...change.limits },
    },
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (fields, message) => void complaints.push(`${message} ${JSON.stringify(fields)}`),
    },
  };
  const source = createSensorSource(deps);
  t.after(async () => {
    await source[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  const until: TestSensors["until"] = async (holds) => {
    for (;;) {
      const value = holds();
      if (value !== undefined && value !== false) return value;
      // What happens in another process has no event here; this asks until the test's own time is over.
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };
  return {
    source,
    directory,
    events,
    news,
    complaints,
    until,
    instance(code, more = {}) {
      const className = more.className ?? "S";
      const packPath = join(directory, "p");
      mkdirSync(join(packPath, "sensors"), { recursive: true });
      const file = join(packPath, "sensors", `${className.toLowerCase()}.py`);
      writeFileSync(file, code);
      return {
        project: "default",
        id: `p.${className}`,
        ref: `p.${className}`,
        pack: "p",
        className,
        packPath,
        file,
        triggerTypes: ["p.t"],
        enabled: true,
        version: "1",
        ...more,
      };
    },
    state: (id, ...states) =>
      until(() => {
        const status = source.get("default", id);
        return status && states.includes(status.state) && status;
      }),
    async logOf(id) {
      return (await source.log("default", id, { bytes: 1 << 20 }))?.text ?? "";
    },
  };
}

/** A passive sensor with these bodies of methods; what is left out does nothing. */
export function passive(bodies: {
  setup?: string;
  run?: string;
  cleanup?: string;
  more?: string;
  top?: string;
}): string {
  const body = (text = "pass") =>
    text
      .split("\n")
      .map((line) => `        ${line}`)
      .join("\n");
  return `import os, signal, subprocess, sys, threading, time
from st2reactor.sensor.base import Sensor
${bodies.top ?? ""}

class S(Sensor):
    def setup(self):
        self.seen = []
        self.log = self.sensor_service.get_logger("test")
${body(bodies.setup)}

    def run(self):
${body(bodies.run ?? "while True: time.sleep(60)")}

    def cleanup(self):
${body(bodies.cleanup)}

    def add_trigger(self, trigger):
        self.log.info("add %s", trigger["ref"])

    def update_trigger(self, trigger):
        self.log.info("update %s", trigger["ref"])

    def remove_trigger(self, trigger):
        self.log.info("remove %s", trigger["ref"])
${(bodies.more ?? "")
  .split("\n")
  .map((line) => `    ${line}`)
  .join("\n")}
`;
}
