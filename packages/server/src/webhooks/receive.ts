import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context } from "../context.ts";

export const WEBHOOK_PATH = /^(?:\/api)?(?:\/v1)?\/webhooks\/./;
export async function receiveWebhook(
  _context: Context,
  _incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  outgoing.end();
}
