import type { Change } from "./changes.ts";

/** The project that gains something by the change. Moves and deletions find it there already. */
export function projectOf(change: Change): string | undefined {
  switch (change.kind) {
    case "resource.put":
      return change.resource.project;
    case "event.insert":
      return change.event.project;
    case "enforcement.insert":
      return change.enforcement.project;
    case "execution.insert":
      return change.execution.project;
    case "snapshot.keep":
    case "output.append":
      return change.project;
    case "key.put":
    case "apikey.put":
      return change.key.project;
    case "timer.put":
      return change.timer.project;
    case "user.put":
      return change.user.project;
    case "token.insert":
      return change.token.project;
    default:
      return undefined;
  }
}
