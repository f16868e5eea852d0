import assert from "node:assert/strict";
import { test } from "node:test";
import { aServer } from "../a-server.ts";

test("an execution that a chat asked for is answered there, by the bundled pack alone", async () => {
  await using at = await aServer();
  const answer = await fetch(`${at.url}/v1/stream?events=st2.announcement__errbot`, { headers: at.admin.headers });
  assert.ok(answer.body);
  const asked = await at.admin("POST", "/v1/executions", {
    action: "core.local",
    parameters: { cmd: "echo all is well; exit 3" },
    notify: {
      "on-complete": { routes: ["errbot"], data: { source_channel: "#ops", user: "ann", source_context: { a: 1 } } },
    },
  });
  assert.equal(asked.status, 201, asked.text);
  let said = "";
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (/event: st2.announcement__errbot\ndata: .*\n/.test(said)) break;
  }
  const { payload } = JSON.parse(/data: (\{.*payload.*\})\n/.exec(said)?.[1] ?? "{}");
  assert.match(
    payload.message,
    /^Action core\.local completed\.\nstatus : failed\n[^]*stdout : all is well\nreturn_code : 3$/,
  );
  assert.deepEqual([payload.channel, payload.user, payload.whisper, payload.context], ["#ops", "ann", false, { a: 1 }]);
});
