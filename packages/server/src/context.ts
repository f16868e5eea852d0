import type { Bus } from "@squall/bus";
import type { Engine } from "@squall/engine";
import type { Installation, PackIndex } from "@squall/packs";
import type { StreamHub } from "./stream/hub.ts";
import type { Log } from "./log.ts";
import type { PackLedger } from "./pack-standing.ts";
import type { Condition } from "./starting/condition.ts";

/** What every handler stands on. */
export interface Context {
  readonly engine: Engine;
  readonly bus: Bus;
  readonly log: Log;
  readonly streams: StreamHub;
  readonly packs: InstalledPacks;
  readonly settings: HttpSettings;
  readonly condition: Condition;
}

/** What it takes to bring packs from elsewhere, and to be rid of them. */
export interface InstalledPacks {
  readonly installation: Installation;
  readonly index: PackIndex;
  /** Folders of packs that go before the installed ones: a pack in one of them cannot be installed. */
  readonly earlierRoots: readonly string[];
  /** Where other servers register packs too: what this one registered from its folders. */
  readonly ledger?: PackLedger;
  /** Removes a pack's virtualenv, if it has one. */
  removeVirtualenv(ref: string): Promise<void>;
}

export interface HttpSettings {
  readonly version: string;
  /** Bodies beyond this many bytes are refused with 413. */
  readonly bodyLimitBytes: number;
  /** A pack's archive beyond this many bytes is refused with 413. */
  readonly archiveLimitBytes: number;
  /** Origins whose pages may call; `*` lets every page ask (credentials still have to be in a header). */
  readonly corsOrigins: readonly string[];
  /** Believe X-Forwarded-For and X-Forwarded-Proto: only behind a proxy that sets them itself. */
  readonly trustProxy: boolean;
  /** Longest page that a user who is not an admin may ask for. */
  readonly maxPageSize: number;
  /** Folders whose subfolders are packs that may be registered by name. */
  readonly packRoots: readonly string[];
}

export const DEFAULT_SETTINGS: HttpSettings = {
  version: "0.1.0",
  bodyLimitBytes: 5 * 1024 * 1024,
  // Twice what the largest packs of the Exchange are with their pictures and history of changes.
  archiveLimitBytes: 100 * 1024 * 1024,
  corsOrigins: ["http://127.0.0.1:3000"],
  trustProxy: false,
  maxPageSize: 100,
  packRoots: [],
};
