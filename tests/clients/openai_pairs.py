"""OpenAI's SDK in front of providers of every format."""

import json
import unittest

import openai
import pydantic

from pairs import CACHED, INPUT, KEY, MESH, OUTPUT, PROVIDERS, SECRET, THINKERS, TOOLS, Pairs, each, png_base64

FUNCTIONS = [{"type": "function", "function": {"name": name, "parameters": schema, "strict": True}} for name, schema in TOOLS.items()]
FLAT = [{"type": "function", "name": name, "parameters": schema, "strict": True} for name, schema in TOOLS.items()]


def user(content):
    return [{"role": "user", "content": content}]


class Answer(pydantic.BaseModel):
    answer: str
    score: int


class OpenAi(Pairs):
    def setUp(self):
        self.requests = []
        http = openai.DefaultHttpxClient(event_hooks={"request": [self.requests.append]})
        self.client = openai.OpenAI(base_url=f"{MESH}/v1", api_key=KEY, max_retries=2, timeout=60, http_client=http)
        self.addCleanup(self.client.close)
        self.chat = self.client.chat.completions.create

    def once(self, kind, call):
        """What is refused for good is told once and not tried again."""
        self.requests.clear()
        with self.assertRaises(kind) as refused:
            call()
        self.assertEqual(len(self.requests), 1)
        return refused.exception

    @each(PROVIDERS)
    def test_chat(self, model, provider):
        messages = [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Be kind."}] + user("hi")
        answer = self.chat(model=model, messages=messages, temperature=0.5, stop=["END"], user="u-1")
        self.assertSays(answer.choices[0].message.content, provider)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        usage = answer.usage
        self.assertEqual((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (INPUT, OUTPUT, INPUT + OUTPUT))

    @each(PROVIDERS)
    def test_stream(self, model, provider):
        chunks = list(self.chat(model=model, messages=user("hi"), stream=True, stream_options={"include_usage": True}))
        self.assertSays("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices), provider)
        reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
        self.assertEqual([reason for reason in reasons if reason], ["stop"])
        self.assertEqual((chunks[-1].choices, chunks[-1].usage.total_tokens), ([], INPUT + OUTPUT))
        # Who did not ask for the usage is spared it.
        chunks = list(self.chat(model=model, messages=user("hi"), stream=True))
        self.assertTrue(all(chunk.choices and not chunk.usage for chunk in chunks))

    @each(PROVIDERS)
    def test_tools(self, model, provider):
        messages = user("What do weather and clock say?")
        asked = self.chat(model=model, messages=messages, tools=FUNCTIONS)
        self.assertEqual(asked.choices[0].finish_reason, "tool_calls")
        calls = asked.choices[0].message.tool_calls
        self.assertEqual([call.function.name for call in calls], ["weather", "clock"])
        self.assertEqual(json.loads(calls[0].function.arguments), {"city": "stand-in"})
        messages.append(asked.choices[0].message.model_dump(exclude_none=True))
        messages += [{"role": "tool", "tool_call_id": call.id, "content": "fine"} for call in calls]
        answer = self.chat(model=model, messages=messages, tools=FUNCTIONS)
        self.assertSays(answer.choices[0].message.content, provider)
        if provider != "Ollama":
            self.assertEqual(answer.usage.prompt_tokens, INPUT)
            self.assertEqual(answer.usage.prompt_tokens_details.cached_tokens, CACHED)

    @each(PROVIDERS)
    def test_streamed_tools(self, model, provider):
        with self.client.chat.completions.stream(
            model=model, messages=user("weather and clock"), tools=FUNCTIONS
        ) as stream:
            calls = stream.get_final_completion().choices[0].message.tool_calls
        self.assertEqual([call.function.parsed_arguments for call in calls], [{"city": "stand-in"}, {"zone": "stand-in"}])

    @each(PROVIDERS)
    def test_which_tool_to_call(self, model, provider):
        one = {"type": "function", "function": {"name": "clock"}}
        ask = lambda: self.chat(model=model, messages=user("hi"), tools=FUNCTIONS, tool_choice=one, parallel_tool_calls=False)
        if provider == "Ollama":
            self.assertIn("tool_choice", self.once(openai.BadRequestError, ask).message)
            return
        self.assertEqual([call.function.name for call in ask().choices[0].message.tool_calls], ["clock"])

    @each(PROVIDERS)
    def test_images(self, model, provider):
        def ask(model, url):
            parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}]
            return self.chat(model=model, messages=user(parts))

        answer = ask(model, f"data:image/png;base64,{png_base64()}")
        self.assertSays(answer.choices[0].message.content, provider)
        if provider == "Ollama":
            refused = self.once(openai.BadRequestError, lambda: ask(model, "https://example.com/a.png"))
            self.assertEqual(refused.code, "unsupported_parameter")
            return
        self.assertSays(ask(model, "https://example.com/a.png").choices[0].message.content, provider)

    @each(PROVIDERS)
    def test_schema(self, model, provider):
        answer = self.client.chat.completions.parse(model=model, messages=user("hi"), response_format=Answer)
        self.assertEqual(answer.choices[0].message.parsed, Answer(answer="stand-in", score=1))

    @each(PROVIDERS)
    def test_limit(self, model, provider):
        answer = self.chat(model=model, messages=user("hi"), max_completion_tokens=5)
        self.assertEqual((answer.choices[0].finish_reason, answer.usage.completion_tokens), ("length", 5))

    @each(THINKERS)
    def test_thinking(self, model, provider):
        answer = self.chat(model=model, messages=user("hi"), reasoning_effort="low")
        self.assertSays(answer.choices[0].message.content, provider)
        if provider == "OpenAI":
            self.assertEqual(answer.usage.completion_tokens_details.reasoning_tokens, 4)
        else:
            self.assertEqual(answer.choices[0].message.reasoning_content, "A stand-in does not think.")

    @each(PROVIDERS)
    def test_what_a_provider_cannot_be_given(self, model, provider):
        ask = lambda: self.chat(model=model, messages=user("hi"), logit_bias={"1": 2})
        if provider == "OpenAI":
            ask()
            return
        refused = self.once(openai.BadRequestError, ask)
        self.assertEqual((refused.code, refused.type), ("unsupported_parameter", "invalid_request_error"))
        self.assertIn("logit_bias", refused.message)

    @each(PROVIDERS)
    def test_errors(self, model, provider):
        client = self.client.with_options(max_retries=0)
        for status, kind in [
            (400, openai.BadRequestError),
            (401, openai.AuthenticationError),
            (403, openai.PermissionDeniedError),
            (404, openai.NotFoundError),
            (429, openai.RateLimitError),
            (500, openai.InternalServerError),
            (529, openai.InternalServerError),
        ]:
            with self.assertRaises(kind) as failed:
                client.chat.completions.create(model=model, messages=user(f"stand-in, fail with {status}"))
            self.assertIn(f"status {status}", failed.exception.message)
            self.assertTrue(failed.exception.type)
            if status == 429:
                self.assertEqual(failed.exception.response.headers["retry-after"], "1")
        with self.assertRaises(openai.InternalServerError) as failed:
            client.chat.completions.create(model=model, messages=user("stand-in, show page 502"))
        self.assertNotIn("nginx", failed.exception.message)

    @each(PROVIDERS)
    def test_an_error_in_the_middle_of_a_stream(self, model, provider):
        with self.assertRaises(openai.APIError) as failed:
            for _ in self.chat(model=model, messages=user("stand-in, fail after 2 parts"), stream=True):
                pass
        self.assertIn("in the middle of its answer", failed.exception.message)

    @each(PROVIDERS)
    def test_denial(self, model, provider):
        denied = self.once(openai.PermissionDeniedError, lambda: self.chat(model=model, messages=user(SECRET)))
        self.assertEqual((denied.status_code, denied.code), (403, "policy_denied"))
        self.assertTrue(denied.request_id)
        self.assertNotIn("AKIA", denied.message)

    @each(PROVIDERS)
    def test_ids(self, model, provider):
        answer = self.chat(model=model, messages=user("hi"))
        self.assertTrue(answer._request_id)

    @each(PROVIDERS)
    def test_responses(self, model, provider):
        create = self.client.responses.create
        answer = create(model=model, instructions="Be brief.", input="hi")
        self.assertSays(answer.output_text, provider)
        self.assertEqual((answer.status, answer.usage.total_tokens), ("completed", INPUT + OUTPUT))
        calls = create(model=model, input="What do weather and clock say?", tools=FLAT).output
        calls = [item for item in calls if item.type == "function_call"]
        self.assertEqual([call.name for call in calls], ["weather", "clock"])
        told = user("What do weather and clock say?") + [call.model_dump(exclude_none=True) for call in calls]
        told += [{"type": "function_call_output", "call_id": call.call_id, "output": "fine"} for call in calls]
        self.assertSays(create(model=model, input=told, tools=FLAT).output_text, provider)

    @each(PROVIDERS)
    def test_streamed_responses(self, model, provider):
        with self.client.responses.stream(model=model, input="hi") as stream:
            events = [event.type for event in stream]
            self.assertSays(stream.get_final_response().output_text, provider)
        self.assertEqual((events[0], events[-1]), ("response.created", "response.completed"))

    @each(PROVIDERS)
    def test_what_only_openai_keeps(self, model, provider):
        for kept in [{"previous_response_id": "resp_1"}, {"conversation": "conv_1"}, {"background": True}]:
            ask = lambda: self.client.responses.create(model=model, input="hi", **kept)
            if provider == "OpenAI":
                ask()
                continue
            self.assertIn(next(iter(kept)), self.once(openai.BadRequestError, ask).message)

    @each(PROVIDERS)
    def test_embeddings(self, model, provider):
        ask = lambda: self.client.embeddings.create(model=model, input=["one", "two"])
        if provider == "Anthropic":
            self.once(openai.APIStatusError, ask)
            return
        self.assertEqual([item.embedding for item in ask().data], [[0.25, -0.5, 0.125]] * 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
