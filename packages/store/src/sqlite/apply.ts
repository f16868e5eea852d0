import type { Change } from "../changes.ts";
import { projectOf } from "../project-of.ts";
import { deleteApiKey, deleteToken, insertToken, putApiKey, putUser } from "./accounts.ts";
import { keepArchive } from "./archives.ts";
import type { Database } from "./database.ts";
import { insertEnforcement } from "./enforcements.ts";
import { insertEvent, moveEvent } from "./events.ts";
import { insertExecution, moveExecution } from "./executions.ts";
import { deleteKey, putKey } from "./keys.ts";
import { evictMember, releaseSingleton, removeMember, takeSingleton } from "./members.ts";
import { appendOutput } from "./output.ts";
import type { Refusal } from "./refusal.ts";
import { deleteResource, keepSnapshot, putResource } from "./resources.ts";
import { deleteTimer, putTimer } from "./timers.ts";
import { hear, tell } from "./told.ts";
import { appendStep, saveState } from "./workflows.ts";

/** Writes one change, or says why it cannot be; a refused one wrote nothing, but for `output.append`. */
export function applyChange(db: Database, change: Change): Refusal | undefined {
  const refusal = write(db, change);
  if (refusal) return refusal;
  const project = projectOf(change);
  if (project !== undefined && db.isNew("project", project))
    db.run("insert or ignore into project values (?)", project);
  return undefined;
}

function write(db: Database, change: Change): Refusal | undefined {
  switch (change.kind) {
    case "resource.put":
      return putResource(db, change.resource, change.expect);
    case "resource.delete":
      return deleteResource(db, change);
    case "snapshot.keep":
      keepSnapshot(db, change.project, change.digest, change.snapshot);
      return undefined;
    case "event.insert":
      return insertEvent(db, change.event);
    case "event.move":
      return moveEvent(db, change.project, change.id, change.from, change.to);
    case "enforcement.insert":
      return insertEnforcement(db, change.enforcement);
    case "execution.insert":
      return insertExecution(db, change.execution);
    case "execution.move":
      return moveExecution(db, change);
    case "output.append":
      return appendOutput(db, change.project, change.chunks);
    case "workflow.append":
      return appendStep(db, change.project, change.execution, change.seq, change.step);
    case "workflow.save":
      saveState(db, change.project, change.execution, change.seq, change.state);
      return undefined;
    case "workflow.tell":
      return tell(db, change);
    case "workflow.hear":
      return hear(db, change.project, change.id);
    case "member.evict":
      return evictMember(db, change.id, change.beats);
    case "member.leave":
      removeMember(db, change.id);
      return undefined;
    case "singleton.take":
      return takeSingleton(db, change.name, change.member);
    case "singleton.release":
      releaseSingleton(db, change.name, change.member);
      return undefined;
    case "key.put":
      return putKey(db, change.key, change.expect);
    case "key.delete":
      return deleteKey(db, change);
    case "timer.put":
      return putTimer(db, change.timer, change.expect);
    case "timer.delete":
      return deleteTimer(db, change.project, change.trigger);
    case "user.put":
      return putUser(db, change.user);
    case "token.insert":
      return insertToken(db, change.token);
    case "token.delete":
      return deleteToken(db, change.hash);
    case "apikey.put":
      return putApiKey(db, change.key);
    case "apikey.delete":
      return deleteApiKey(db, change.project, change.id);
    case "archive.keep":
      return keepArchive(db, change.digest);
    default:
      return change satisfies never;
  }
}
