import { Invalid } from "@squall/model";

/** One thing in an archive, whatever its format. `content` is read at most once, before the next entry is asked for. */
export interface ArchiveEntry {
  /** As the archive has it: not to be trusted. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link" | "hard-link";
  readonly executable: boolean;
  /** What a link names, as the archive has it; "" for everything else. */
  readonly target: string;
  content(): AsyncIterable<Uint8Array>;
}

/** An archive that is none, is cut short, or says of itself what cannot be. */
export function unreadable(reason: string, cause?: unknown): Invalid {
  return new Invalid("pack.archive.unreadable", {
    message: `The archive cannot be read: ${reason}. Send a .tar.gz, .tar or .zip of the pack's folder.`,
    cause,
  });
}

/** An archive that would write where it must not, or holds what no pack has. */
export function unsafe(path: string, reason: string): Invalid {
  return new Invalid("pack.archive.unsafe", {
    message: `"${shown(path)}" in the archive ${reason}. Nothing was installed; take it out of the archive.`,
    at: { file: shown(path) },
  });
}

function shown(path: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are just what must not reach a terminal
  return path.slice(0, 200).replaceAll(/[\u0000-\u001f\u007f]/g, "?");
}
