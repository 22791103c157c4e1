"""Anthropic's SDK in front of providers of every format."""

import unittest

import anthropic

from pairs import CACHED, INPUT, KEY, MESH, OUTPUT, PROVIDERS, SECRET, THINKERS, TOOLS, WRITTEN, Pairs, each, png_base64

TOOL_PARAMS = [{"name": name, "input_schema": schema} for name, schema in TOOLS.items()]


def user(content):
    return [{"role": "user", "content": content}]


class Anthropic(Pairs):
    def setUp(self):
        self.requests = []
        http = anthropic.DefaultHttpxClient(event_hooks={"request": [self.requests.append]})
        self.client = anthropic.Anthropic(base_url=MESH, api_key=KEY, max_retries=2, timeout=60, http_client=http)
        self.addCleanup(self.client.close)

    def ask(self, model, content, **more):
        messages = content if isinstance(content, list) and "role" in content[0] else user(content)
        return self.client.messages.create(model=model, messages=messages, **{"max_tokens": 100, **more})

    def once(self, kind, call):
        """What is refused for good is told once and not tried again."""
        self.requests.clear()
        with self.assertRaises(kind) as refused:
            call()
        self.assertEqual(len(self.requests), 1)
        return refused.exception

    @each(PROVIDERS)
    def test_chat(self, model, provider):
        system = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "Be kind."}]
        answer = self.ask(model, "hi", system=system, stop_sequences=["END"], metadata={"user_id": "u-1"})
        self.assertSays(answer.content[0].text, provider)
        self.assertEqual((answer.type, answer.role, answer.stop_reason), ("message", "assistant", "end_turn"))
        self.assertEqual((answer.usage.input_tokens, answer.usage.output_tokens), (INPUT, OUTPUT))

    @each(PROVIDERS)
    def test_stream(self, model, provider):
        with self.client.messages.stream(model=model, max_tokens=100, messages=user("hi")) as stream:
            self.assertSays("".join(stream.text_stream), provider)
            answer = stream.get_final_message()
        self.assertEqual((answer.stop_reason, answer.usage.input_tokens, answer.usage.output_tokens), ("end_turn", INPUT, OUTPUT))

    @each(PROVIDERS)
    def test_tools(self, model, provider):
        messages = user("What do weather and clock say?")
        asked = self.ask(model, messages, tools=TOOL_PARAMS)
        self.assertEqual(asked.stop_reason, "tool_use")
        calls = [block for block in asked.content if block.type == "tool_use"]
        self.assertEqual([(call.name, call.input) for call in calls], [("weather", {"city": "stand-in"}), ("clock", {"zone": "stand-in"})])
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": "fine"} for call in calls]
        results[1] = {**results[1], "is_error": True, "content": [{"type": "text", "text": "no"}]}
        messages += [asked.to_param(), {"role": "user", "content": results}]
        answer = self.ask(model, messages, tools=TOOL_PARAMS)
        self.assertSays(answer.content[0].text, provider)
        if provider != "Ollama":
            usage = answer.usage
            self.assertEqual((usage.cache_read_input_tokens, usage.cache_creation_input_tokens), (CACHED, WRITTEN))
            self.assertEqual(usage.input_tokens, INPUT - CACHED - WRITTEN)

    @each(PROVIDERS)
    def test_streamed_tools(self, model, provider):
        with self.client.messages.stream(model=model, max_tokens=100, messages=user("weather and clock"), tools=TOOL_PARAMS) as stream:
            calls = [block for block in stream.get_final_message().content if block.type == "tool_use"]
        self.assertEqual([call.input for call in calls], [{"city": "stand-in"}, {"zone": "stand-in"}])

    @each(PROVIDERS)
    def test_which_tool_to_call(self, model, provider):
        ask = lambda: self.ask(model, "hi", tools=TOOL_PARAMS, tool_choice={"type": "tool", "name": "clock"})
        if provider == "Ollama":
            self.assertIn("tool_choice", self.once(anthropic.BadRequestError, ask).message)
            return
        self.assertEqual([block.name for block in ask().content], ["clock"])

    @each(PROVIDERS)
    def test_images(self, model, provider):
        inline = {"type": "base64", "media_type": "image/png", "data": png_base64()}
        there = {"type": "url", "url": "https://example.com/a.png"}
        ask = lambda source: self.ask(model, [{"type": "text", "text": "What is it?"}, {"type": "image", "source": source}])
        self.assertSays(ask(inline).content[0].text, provider)
        if provider == "Ollama":
            self.once(anthropic.BadRequestError, lambda: ask(there))
            return
        self.assertSays(ask(there).content[0].text, provider)

    @each(PROVIDERS)
    def test_schema(self, model, provider):
        answer = self.ask(model, "hi", output_config={"format": {"type": "json_schema", "schema": TOOLS["weather"]}})
        self.assertEqual(answer.content[0].text, '{"city":"stand-in"}')

    @each(PROVIDERS)
    def test_limit(self, model, provider):
        answer = self.ask(model, "hi", max_tokens=5)
        self.assertEqual((answer.stop_reason, answer.usage.output_tokens), ("max_tokens", 5))

    @each(THINKERS)
    def test_thinking(self, model, provider):
        messages = user("What does weather say?")
        thinking = {"type": "enabled", "budget_tokens": 1024}
        asked = self.ask(model, messages, max_tokens=2000, thinking=thinking, tools=TOOL_PARAMS)
        kinds = [block.type for block in asked.content]
        self.assertEqual(kinds, ["tool_use"] if provider == "OpenAI" else ["thinking", "tool_use"])
        results = [{"type": "tool_result", "tool_use_id": asked.content[-1].id, "content": "fine"}]
        messages += [asked.to_param(), {"role": "user", "content": results}]
        answer = self.ask(model, messages, max_tokens=2000, thinking=thinking, tools=TOOL_PARAMS)
        self.assertSays(answer.content[-1].text, provider)
        # Anthropic insists on thoughts that it signed itself. Those of another model are left out on the way, and then it
        # does not think on; where there were none, nobody sees that it would have to.
        move = lambda: self.ask("claude", messages, max_tokens=2000, thinking=thinking, tools=TOOL_PARAMS)
        if provider == "OpenAI":
            self.once(anthropic.BadRequestError, move)
        else:
            self.assertSays(move().content[-1].text, "Anthropic")

    @each(PROVIDERS)
    def test_counting(self, model, provider):
        ask = lambda: self.client.messages.count_tokens(model=model, messages=user("hi"))
        if provider == "Anthropic":
            self.assertEqual(ask().input_tokens, INPUT)
            return
        self.once(anthropic.APIStatusError, ask)

    @each(PROVIDERS)
    def test_what_a_provider_cannot_be_given(self, model, provider):
        search = [{"type": "web_search_20250305", "name": "web_search"}]
        ask = lambda: self.ask(model, "hi", tools=search)
        if provider == "Anthropic":
            ask()
            return
        refused = self.once(anthropic.BadRequestError, ask)
        self.assertEqual(refused.type, "invalid_request_error")
        self.assertIn("tools[0]", refused.message)

    @each(PROVIDERS)
    def test_errors(self, model, provider):
        client = self.client.with_options(max_retries=0)
        for status, kind, name in [
            (400, anthropic.BadRequestError, "invalid_request_error"),
            (401, anthropic.AuthenticationError, "authentication_error"),
            (403, anthropic.PermissionDeniedError, "permission_error"),
            (404, anthropic.NotFoundError, "not_found_error"),
            (429, anthropic.RateLimitError, "rate_limit_error"),
            (500, anthropic.InternalServerError, "api_error"),
            (529, anthropic.OverloadedError, "overloaded_error"),
        ]:
            with self.assertRaises(kind) as failed:
                client.messages.create(model=model, max_tokens=100, messages=user(f"stand-in, fail with {status}"))
            self.assertEqual(failed.exception.type, name)
            self.assertIn(f"status {status}", failed.exception.api_message)
            if status == 429:
                self.assertEqual(failed.exception.response.headers["retry-after"], "1")
        with self.assertRaises(anthropic.InternalServerError) as failed:
            client.messages.create(model=model, max_tokens=100, messages=user("stand-in, show page 502"))
        self.assertNotIn("nginx", failed.exception.message)

    @each(PROVIDERS)
    def test_an_error_in_the_middle_of_a_stream(self, model, provider):
        with self.assertRaises(anthropic.APIStatusError) as failed:
            with self.client.messages.stream(model=model, max_tokens=100, messages=user("stand-in, fail after 2 parts")) as stream:
                stream.get_final_message()
        self.assertIn("in the middle of its answer", failed.exception.message)

    @each(PROVIDERS)
    def test_denial(self, model, provider):
        denied = self.once(anthropic.PermissionDeniedError, lambda: self.ask(model, SECRET))
        self.assertEqual((denied.status_code, denied.type), (403, "permission_error"))
        self.assertTrue(denied.request_id)
        self.assertNotIn("AKIA", denied.message)

    @each(PROVIDERS)
    def test_ids(self, model, provider):
        self.assertTrue(self.ask(model, "hi")._request_id)


if __name__ == "__main__":
    unittest.main(verbosity=2)
