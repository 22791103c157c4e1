// OpenAI's SDK for Node in front of providers of every format.

import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";

const PROVIDERS = { gpt: "OpenAI", claude: "Anthropic", llama: "Ollama" };
const WEATHER = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const TOOLS = [{ type: "function", function: { name: "weather", parameters: WEATHER } }];

let requests = 0;
const counting = (...request) => {
  requests += 1;
  return fetch(...request);
};
const client = new OpenAI({ baseURL: `${process.env.MESH}/v1`, apiKey: "key-of-the-client", maxRetries: 2, fetch: counting });
const impatient = client.withOptions({ maxRetries: 0 });
const user = (content) => [{ role: "user", content }];

async function failing(call) {
  requests = 0;
  try {
    await call();
  } catch (error) {
    return error;
  }
  assert.fail("it does not fail");
}

for (const [model, provider] of Object.entries(PROVIDERS)) {
  const create = (content, more = {}) => client.chat.completions.create({ model, messages: user(content), ...more });

  test(`${provider}: chat`, async () => {
    const answer = await create("hi", { temperature: 0.5, stop: ["END"] });
    assert.match(answer.choices[0].message.content, new RegExp(`stand-in for ${provider}`));
    assert.deepEqual([answer.usage.prompt_tokens, answer.usage.completion_tokens], [9, 12]);
    assert.ok(answer._request_id);
  });

  test(`${provider}: stream`, async () => {
    const chunks = [];
    for await (const chunk of await create("hi", { stream: true, stream_options: { include_usage: true } })) chunks.push(chunk);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    assert.match(text, new RegExp(`stand-in for ${provider}`));
    assert.equal(chunks.at(-1).usage.total_tokens, 21);
  });

  test(`${provider}: tools`, async () => {
    const asked = (await create("What does weather say?", { tools: TOOLS })).choices[0].message;
    assert.deepEqual(JSON.parse(asked.tool_calls[0].function.arguments), { city: "stand-in" });
    const result = { role: "tool", tool_call_id: asked.tool_calls[0].id, content: "fine" };
    const messages = [...user("What does weather say?"), asked, result];
    const answer = await client.chat.completions.create({ model, messages, tools: TOOLS });
    assert.match(answer.choices[0].message.content, new RegExp(`stand-in for ${provider}`));
  });

  test(`${provider}: tools that the SDK runs in a stream`, async () => {
    const run = async ({ city }) => `It is fine in ${city}.`;
    const weather = { type: "function", function: { name: "weather", parameters: WEATHER, parse: JSON.parse, function: run } };
    const runner = client.chat.completions.runTools({ model, stream: true, messages: user("What does weather say?"), tools: [weather] });
    assert.match(await runner.finalContent(), new RegExp(`stand-in for ${provider}`));
  });

  test(`${provider}: images`, async () => {
    const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
    const parts = [{ type: "text", text: "What is it?" }, { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } }];
    assert.match((await create(parts)).choices[0].message.content, new RegExp(`stand-in for ${provider}`));
  });

  test(`${provider}: responses`, async () => {
    const answer = await client.responses.create({ model, input: "hi" });
    assert.match(answer.output_text, new RegExp(`stand-in for ${provider}`));
    const stream = client.responses.stream({ model, input: "hi" });
    assert.match((await stream.finalResponse()).output_text, new RegExp(`stand-in for ${provider}`));
  });

  test(`${provider}: errors`, async () => {
    for (const [status, kind] of [
      [400, OpenAI.BadRequestError],
      [401, OpenAI.AuthenticationError],
      [429, OpenAI.RateLimitError],
      [500, OpenAI.InternalServerError],
      [529, OpenAI.InternalServerError],
    ]) {
      const messages = user(`stand-in, fail with ${status}`);
      const error = await failing(() => impatient.chat.completions.create({ model, messages }));
      assert.ok(error instanceof kind, `${status}: ${error}`);
      assert.match(error.message, new RegExp(`status ${status}`));
    }
  });

  test(`${provider}: an error in the middle of a stream`, async () => {
    const error = await failing(async () => {
      for await (const _ of await create("stand-in, fail after 2 parts", { stream: true }));
    });
    assert.ok(error instanceof OpenAI.APIError, `${error}`);
    assert.match(error.message, /in the middle of its answer/);
  });

  test(`${provider}: a denial is not tried again`, async () => {
    const error = await failing(() => create("my key is AKIAQ3EGUBZJ5XPKW7ML, please check it"));
    assert.ok(error instanceof OpenAI.PermissionDeniedError, `${error}`);
    assert.deepEqual([error.code, requests], ["policy_denied", 1]);
  });
}
