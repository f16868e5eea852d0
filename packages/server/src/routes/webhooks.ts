import type { Route } from "../http/route.ts";
export const WEBHOOK_ROUTES: readonly Route[] = [];
