import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Invalid, messageOf } from "@squall/model";

/** What a file holds that an option names, without the space around it: how secrets come to processes in containers. */
export function secretIn(file: string, option: string): string {
  let text: string;
  try {
    text = readFileSync(resolve(file), "utf8").trim();
  } catch (error) {
    throw new Invalid("server.option", { message: `${option}: the file ${file} cannot be read: ${messageOf(error)}` });
  }
  if (text !== "") return text;
  throw new Invalid("server.option", { message: `${option}: the file ${file} is empty` });
}
