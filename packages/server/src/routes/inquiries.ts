import { type Inquiry } from "@squall/engine";
import { isId, NotFound } from "@squall/model";
import Type from "typebox";
import { ATTRIBUTES, select, selectionOf } from "../http/attributes.ts";
import { PAGING, pagingHeaders, pagingOf } from "../http/paging.ts";
import { type Call, ok, route, type Route } from "../http/route.ts";

const Text = Type.String();
const FreeObject = Type.Record(Type.String(), Type.Unknown());

/** A question as StackStorm's API shows it. */
const InquiryView = Type.Object({
  id: Text,
  route: Text,
  ttl: Type.Integer({ description: "Minutes from its beginning; 0 is for ever." }),
  users: Type.Array(Text),
  roles: Type.Array(Text),
  schema: FreeObject,
});
const SELECTABLE = { known: new Set(Object.keys(InquiryView.properties)), always: ["id"] };

function inquiryId(call: Call): string {
  const id = call.param("id");
  if (isId(id)) return id;
  throw new NotFound("inquiry.not-found", { message: `Inquiry with id "${id}" not found.` });
}

export const INQUIRY_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/inquiries",
    summary: "Lists questions that wait for an answer, oldest first.",
    verb: "list",
    resource: "inquiry",
    query: Type.Object({
      ...PAGING,
      ...ATTRIBUTES,
      route: Type.Optional(Type.String({ description: "Only those of this route." })),
      mine: Type.Optional(Type.Boolean({ description: "Only those that the caller may answer." })),
    }),
    response: Type.Array(InquiryView),
    handler: async (call) => {
      const selection = selectionOf(call.query, SELECTABLE);
      const paging = pagingOf(call, "inquiry", 20);
      const { route: only, mine } = call.query;
      const filter = {
        ...(only !== undefined && { route: only }),
        ...(mine === true && { answerableBy: call.principal }),
      };
      const { items, total } = await call.context.engine.inquiries.list(call.project, filter, paging);
      return ok(
        items.map((one: Inquiry) => select({ ...one }, selection)),
        pagingHeaders(paging, total),
      );
    },
  }),
  route({
    method: "GET",
    path: "/inquiries/{id}",
    summary: "Shows a question that waits for an answer.",
    verb: "view",
    resource: "inquiry",
    query: Type.Object(ATTRIBUTES),
    response: InquiryView,
    handler: async (call) => {
      const selection = selectionOf(call.query, SELECTABLE);
      const inquiry = await call.context.engine.inquiries.get(call.project, inquiryId(call));
      return ok(select({ ...inquiry }, selection));
    },
  }),
  route({
    method: "PUT",
    path: "/inquiries/{id}",
    summary: "Answers a question; what waits for it goes on.",
    verb: "respond",
    resource: "inquiry",
    // StackStorm's client sends the whole question back beside the answer.
    body: Type.Object({ id: Type.Optional(Text), response: FreeObject }),
    response: Type.Object({ id: Text, response: FreeObject }),
    handler: async (call) =>
      ok(await call.context.engine.inquiries.respond(call.principal, inquiryId(call), call.body.response)),
  }),
];
