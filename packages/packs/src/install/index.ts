export { ARCHIVE_BYTES, archivePack, digestOfArchive, type PackArchive } from "./archive-pack.ts";
export type { ArchiveEntry } from "./archive-entry.ts";
export { checkConditions, STACKSTORM_VERSION, warningsOf } from "./conditions.ts";
export { type PackFacts, readPackFacts } from "./facts.ts";
export { createInstallation, type Installation, type Stage } from "./installation.ts";
export {
  createPackIndex,
  EXCHANGE_INDEX,
  type IndexContent,
  type IndexStatus,
  type PackIndex,
  type PackIndexSettings,
  withoutPassword,
} from "./pack-index.ts";
export { UNPACK_LIMITS, unpackArchive, type Unpacked, type UnpackLimits } from "./unpack.ts";
export { readTar } from "./read-tar.ts";
export { TAR_END, type TarEntry, tarEntry } from "./write-tar.ts";
