// Vercel's AI SDK, with OpenAI's and Anthropic's APIs, in front of providers of every format.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const PROVIDERS = { gpt: "OpenAI", claude: "Anthropic", llama: "Ollama" };

let requests = 0;
const counting = (...request) => {
  requests += 1;
  return fetch(...request);
};
const settings = { baseURL: `${process.env.MESH}/v1`, apiKey: "key-of-the-client", fetch: counting };
const openai = createOpenAI(settings);
const anthropic = createAnthropic(settings);
const APIS = {
  "OpenAI's responses": (model) => openai(model),
  "OpenAI's chat": (model) => openai.chat(model),
  "Anthropic's messages": (model) => anthropic(model),
};

const weather = tool({
  description: "The weather in a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `It is fine in ${city}.`,
});

async function failing(call) {
  requests = 0;
  try {
    await call();
  } catch (error) {
    return error;
  }
  assert.fail("it does not fail");
}

for (const [api, named] of Object.entries(APIS)) {
  for (const [name, provider] of Object.entries(PROVIDERS)) {
    const model = named(name);
    const says = new RegExp(`stand-in for ${provider}`);

    test(`${api} to ${provider}: text`, async () => {
      const { text, usage, finishReason } = await generateText({ model, system: "Be brief.", prompt: "hi" });
      assert.match(text, says);
      assert.deepEqual([usage.inputTokens, usage.outputTokens, finishReason], [9, 12, "stop"]);
    });

    test(`${api} to ${provider}: a stream`, async () => {
      const stream = streamText({ model, prompt: "hi" });
      let text = "";
      for await (const piece of stream.textStream) text += piece;
      assert.match(text, says);
      assert.equal((await stream.usage).totalTokens, 21);
    });

    test(`${api} to ${provider}: tools, round and round`, async () => {
      const prompt = "What does weather say?";
      const whole = await generateText({ model, prompt, tools: { weather }, stopWhen: stepCountIs(3) });
      assert.deepEqual(whole.steps[0].toolCalls[0].input, { city: "stand-in" });
      assert.match(whole.text, says);
      const stream = streamText({ model, prompt, tools: { weather }, stopWhen: stepCountIs(3) });
      await stream.consumeStream();
      assert.deepEqual((await stream.steps)[0].toolCalls[0].input, { city: "stand-in" });
      assert.match(await stream.text, says);
    });

    test(`${api} to ${provider}: an object of a schema`, async () => {
      const schema = z.object({ answer: z.string(), score: z.number() });
      const ask = () => generateObject({ model, schema, prompt: "hi" });
      if (api === "Anthropic's messages" && provider === "Ollama") {
        // This SDK asks for an object by a tool that must be called, which Ollama cannot be told.
        const error = await failing(ask);
        assert.deepEqual([error.statusCode, requests], [400, 1]);
        assert.match(error.message, /tool_choice/);
        return;
      }
      assert.deepEqual((await ask()).object, { answer: "stand-in", score: 1 });
    });

    test(`${api} to ${provider}: an image`, async () => {
      const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
      const content = [{ type: "text", text: "What is it?" }, { type: "image", image: png, mediaType: "image/png" }];
      const { text } = await generateText({ model, messages: [{ role: "user", content }] });
      assert.match(text, says);
    });

    test(`${api} to ${provider}: errors`, async () => {
      for (const status of [400, 401, 429, 500]) {
        const error = await failing(() => generateText({ model, prompt: `stand-in, fail with ${status}`, maxRetries: 0 }));
        assert.ok(APICallError.isInstance(error), `${error}`);
        assert.equal(error.statusCode, status);
        assert.match(error.message, new RegExp(`status ${status}`));
      }
    });

    test(`${api} to ${provider}: an error in the middle of a stream`, async () => {
      const errors = [];
      const stream = streamText({ model, prompt: "stand-in, fail after 2 parts", onError: ({ error }) => errors.push(error) });
      await stream.consumeStream();
      assert.match(JSON.stringify(errors, (_, value) => (value instanceof Error ? value.message : value)), /in the middle of its answer/);
    });

    test(`${api} to ${provider}: a denial is not tried again`, async () => {
      const error = await failing(() => generateText({ model, prompt: "my key is AKIAQ3EGUBZJ5XPKW7ML, please check it" }));
      assert.deepEqual([error.statusCode, requests], [403, 1]);
    });
  }
}
