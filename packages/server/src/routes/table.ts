import type { Route } from "../http/route.ts";
import { ACTION_ROUTES } from "./actions.ts";
import { ALIAS_ROUTES } from "./aliases.ts";
import { API_KEY_ROUTES } from "./api-keys.ts";
import { CLUSTER_ROUTES } from "./cluster.ts";
import { documentRoutes } from "./documents.ts";
import { EVENT_ROUTES } from "./events.ts";
import { EXECUTION_OUTCOME_ROUTES } from "./execution-outcome.ts";
import { EXECUTION_ROUTES } from "./executions.ts";
import { INQUIRY_ROUTES } from "./inquiries.ts";
import { KEY_ROUTES } from "./keys.ts";
import { PACK_CONTENT_ROUTES } from "./pack-content.ts";
import { PACK_INDEX_ROUTES } from "./pack-index.ts";
import { PACK_INSTALL_ROUTES } from "./pack-install.ts";
import { PACK_ROUTES } from "./packs.ts";
import { RULE_ROUTES } from "./rules.ts";
import { SENSOR_ROUTES } from "./sensors.ts";
import { SIGN_IN_ROUTES } from "./sign-in.ts";
import { STREAM_ROUTES } from "./stream.ts";
import { TRIGGER_ROUTES } from "./triggers.ts";
import { USER_ROUTES } from "./users.ts";
import { WORKFLOW_ROUTES } from "./workflows.ts";
import { WEBHOOK_ROUTES } from "./webhooks.ts";

const OTHERS: readonly Route[] = [
  ...SIGN_IN_ROUTES,
  ...USER_ROUTES,
  ...API_KEY_ROUTES,
  ...ACTION_ROUTES,
  ...EXECUTION_ROUTES,
  ...EXECUTION_OUTCOME_ROUTES,
  ...WORKFLOW_ROUTES,
  ...INQUIRY_ROUTES,
  ...RULE_ROUTES,
  ...EVENT_ROUTES,
  ...TRIGGER_ROUTES,
  ...WEBHOOK_ROUTES,
  ...KEY_ROUTES,
  ...PACK_INDEX_ROUTES,
  ...PACK_INSTALL_ROUTES,
  ...PACK_ROUTES,
  ...ALIAS_ROUTES,
  ...PACK_CONTENT_ROUTES,
  ...SENSOR_ROUTES,
  ...STREAM_ROUTES,
  ...CLUSTER_ROUTES,
];

/** Everything that answers. Where two paths fit a request the first wins, so fixed words stand before parameters. */
export const ROUTES: readonly Route[] = [...documentRoutes(OTHERS), ...OTHERS];
