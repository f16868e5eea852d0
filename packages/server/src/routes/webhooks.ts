import Type from "typebox";
import { route, type Route } from "../http/route.ts";
import { receive } from "../webhooks/receive.ts";

/**
 * Who may send is decided in `receive`, since it is the webhook that says whether it wants credentials; so this asks for
 * none. Requests come here only by unusual paths: the usual ones turn off before the router.
 */
export const WEBHOOK_ROUTES: readonly Route[] = [
  route({
    method: "POST",
    path: "/webhooks/{url*}",
    summary: "Says that something happened; answers when it is safe on disk. `st2` takes {trigger, payload}.",
    verb: "send",
    resource: "webhook",
    auth: "none",
    status: 202,
    response: Type.Unknown(),
    handler: (call) => receive(call.context, call.incoming),
  }),
];
