import { messageOf, SquallError, Unavailable } from "@squall/model";

/** What the file system refused, in words that say what to do: `what` names the thing, `option` moves it elsewhere. */
export function fileTrouble(
  error: unknown,
  what: string,
  path: string,
  option: string,
  use: "written" | "read" = "written",
): SquallError {
  if (error instanceof SquallError) return error;
  const reason: Record<string, string> = {
    EEXIST: `is in the way: something that is no folder has its name. Choose another place with ${option}`,
    ENOTDIR: `cannot be there: a part of its path is no folder. Choose another place with ${option}`,
    ENOENT: `cannot be there: its folder does not exist. Make it, or choose another place with ${option}`,
    EISDIR: `cannot be there: a folder has its name. Choose another place with ${option}`,
    EACCES: `may not be ${use} by this user. Give the user the right to, or choose another place with ${option}`,
    EPERM: `may not be ${use} by this user. Give the user the right to, or choose another place with ${option}`,
    EROFS: `is on a file system that is read-only. Choose another place with ${option}`,
    ENOSPC: `cannot be written: the disk is full. Make room, or choose another place with ${option}`,
    EDQUOT: `cannot be written: the quota is used up. Make room, or choose another place with ${option}`,
  };
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const words = Object.hasOwn(reason, code)
    ? reason[code]
    : `cannot be used: ${messageOf(error)}. Another place is chosen with ${option}`;
  return new Unavailable("server.files", { message: `${what} ${path} ${words}.`, cause: error });
}
