import type { EngineParts } from "../parts.ts";
import type { ContentWithin } from "./content.ts";

/** The bus says when others changed content; this is for messages that were lost. */
const LOOK_MS = 2_000;

/** Keeps the content in memory like that in the store, which other members change as well. */
export function watchContent(
  parts: Pick<EngineParts, "bus" | "log">,
  content: Pick<ContentWithin, "catchUp">,
): { close(): void } {
  let asked: "no" | "yes" | "again" = "no";
  let isInTrouble = false;
  const look = async (): Promise<void> => {
    if (asked !== "no") {
      asked = "again";
      return;
    }
    asked = "yes";
    try {
      do {
        asked = "yes";
        await content.catchUp();
      } while ((asked as string) === "again");
      isInTrouble = false;
    } catch (error) {
      if (!isInTrouble) parts.log.error({ err: error }, "content that others changed cannot be read; trying again");
      isInTrouble = true;
    } finally {
      asked = "no";
    }
  };
  const leave = parts.bus.subscribe(["resource"], () => void look());
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return {
    close() {
      leave();
      clearInterval(timer);
    },
  };
}
