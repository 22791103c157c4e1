"""Ollama's SDK in front of providers of every format."""

import json
import unittest

import ollama

from pairs import INPUT, KEY, MESH, OUTPUT, PROVIDERS, SECRET, THINKERS, TOOLS, Pairs, each, png

FUNCTIONS = [{"type": "function", "function": {"name": name, "parameters": schema}} for name, schema in TOOLS.items()]


def user(content, **more):
    return [{"role": "user", "content": content, **more}]


class Ollama(Pairs):
    def setUp(self):
        self.client = ollama.Client(host=MESH, headers={"authorization": f"Bearer {KEY}"}, timeout=60)

    def refused(self, status, call):
        with self.assertRaises(ollama.ResponseError) as refused:
            call()
        self.assertEqual(refused.exception.status_code, status)
        return refused.exception.error

    @each(PROVIDERS)
    def test_chat(self, model, provider):
        messages = [{"role": "system", "content": "Be brief."}] + user("hi")
        answer = self.client.chat(model=model, messages=messages, options={"temperature": 0.5, "stop": ["END"]})
        self.assertSays(answer.message.content, provider)
        self.assertEqual((answer.done, answer.done_reason), (True, "stop"))
        self.assertEqual((answer.prompt_eval_count, answer.eval_count), (INPUT, OUTPUT))

    @each(PROVIDERS)
    def test_stream(self, model, provider):
        lines = list(self.client.chat(model=model, messages=user("hi"), stream=True))
        self.assertSays("".join(line.message.content for line in lines), provider)
        self.assertEqual([line.done for line in lines], [False] * (len(lines) - 1) + [True])
        self.assertEqual((lines[-1].prompt_eval_count, lines[-1].eval_count), (INPUT, OUTPUT))

    @each(PROVIDERS)
    def test_tools(self, model, provider):
        messages = user("What do weather and clock say?")
        asked = self.client.chat(model=model, messages=messages, tools=FUNCTIONS)
        calls = [(call.function.name, call.function.arguments) for call in asked.message.tool_calls]
        self.assertEqual(calls, [("weather", {"city": "stand-in"}), ("clock", {"zone": "stand-in"})])
        messages.append(asked.message)
        messages += [{"role": "tool", "tool_name": name, "content": "fine"} for name, _ in calls]
        self.assertSays(self.client.chat(model=model, messages=messages, tools=FUNCTIONS).message.content, provider)

    @each(PROVIDERS)
    def test_streamed_tools(self, model, provider):
        lines = self.client.chat(model=model, messages=user("weather and clock"), tools=FUNCTIONS, stream=True)
        calls = [call.function.arguments for line in lines for call in line.message.tool_calls or []]
        self.assertEqual([dict(call) for call in calls], [{"city": "stand-in"}, {"zone": "stand-in"}])

    @each(PROVIDERS)
    def test_images(self, model, provider):
        answer = self.client.chat(model=model, messages=user("What is it?", images=[png()]))
        self.assertSays(answer.message.content, provider)

    @each(PROVIDERS)
    def test_schema(self, model, provider):
        answer = self.client.chat(model=model, messages=user("hi"), format=TOOLS["weather"])
        self.assertEqual(json.loads(answer.message.content), {"city": "stand-in"})

    @each(PROVIDERS)
    def test_limit(self, model, provider):
        answer = self.client.chat(model=model, messages=user("hi"), options={"num_predict": 5})
        self.assertEqual((answer.done_reason, answer.eval_count), ("length", 5))

    @each(THINKERS)
    def test_thinking(self, model, provider):
        answer = self.client.chat(model=model, messages=user("hi"), think=True)
        self.assertSays(answer.message.content, provider)
        self.assertEqual(answer.message.thinking, None if provider == "OpenAI" else "A stand-in does not think.")

    @each(PROVIDERS)
    def test_what_a_provider_cannot_be_given(self, model, provider):
        ask = lambda: self.client.chat(model=model, messages=user("hi"), options={"mirostat": 2})
        if provider == "Ollama":
            ask()
            return
        self.assertIn("options.mirostat", self.refused(400, ask))

    @each(PROVIDERS)
    def test_errors(self, model, provider):
        for status in [400, 401, 403, 404, 429, 500, 503]:
            said = self.refused(status, lambda: self.client.chat(model=model, messages=user(f"stand-in, fail with {status}")))
            self.assertIn(f"status {status}", said)
        said = self.refused(502, lambda: self.client.chat(model=model, messages=user("stand-in, show page 502")))
        self.assertNotIn("nginx", said)

    @each(PROVIDERS)
    def test_an_error_in_the_middle_of_a_stream(self, model, provider):
        with self.assertRaises(ollama.ResponseError) as failed:
            list(self.client.chat(model=model, messages=user("stand-in, fail after 2 parts"), stream=True))
        self.assertIn("in the middle of its answer", failed.exception.error)

    @each(PROVIDERS)
    def test_denial(self, model, provider):
        said = self.refused(403, lambda: self.client.chat(model=model, messages=user(SECRET)))
        self.assertNotIn("AKIA", said)

    @each(PROVIDERS)
    def test_embeddings(self, model, provider):
        ask = lambda: self.client.embed(model=model, input=["one", "two"])
        if provider == "Ollama":
            self.assertEqual(len(ask().embeddings), 2)
            return
        with self.assertRaises(ollama.ResponseError):
            ask()


if __name__ == "__main__":
    unittest.main(verbosity=2)
