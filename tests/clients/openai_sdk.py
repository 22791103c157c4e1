"""The official OpenAI SDK through the mesh. `OPENAI_BASE_URL` says where the mesh is."""

import unittest

import openai

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is the capital of France?"}]}
SECRET = "my key is AKIAQ3EGUBZJ5XPKW7ML, please check it"
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class ThroughTheMesh(unittest.TestCase):
    def setUp(self):
        # The key is the client's own; the provider must get another one.
        self.client = openai.OpenAI(api_key="key-of-the-client", max_retries=2, timeout=30)
        self.addCleanup(self.client.close)

    def test_chat(self):
        answer = self.client.chat.completions.create(**CHAT)
        self.assertEqual(answer.model, "gpt-4o")
        self.assertIn("stand-in for OpenAI", answer.choices[0].message.content)
        self.assertGreater(answer.usage.total_tokens, 0)

    def test_streamed_chat(self):
        stream = self.client.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True})
        chunks = list(stream)
        words = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
        self.assertIn("stand-in for OpenAI", "".join(words))
        self.assertGreater(chunks[-1].usage.total_tokens, 0)

    def test_tools(self):
        chat = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is the weather in Paris?"}]}
        answer = self.client.chat.completions.create(**chat, tools=[TOOL])
        call = answer.choices[0].message.tool_calls[0]
        self.assertEqual((call.function.name, call.function.arguments), ("weather", '{"city":"stand-in"}'))
        result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
        told = chat["messages"] + [answer.choices[0].message.model_dump(exclude_none=True), result]
        answer = self.client.chat.completions.create(model="gpt-4o", messages=told, tools=[TOOL])
        self.assertEqual(answer.choices[0].finish_reason, "stop")

    def test_responses(self):
        answer = self.client.responses.create(model="gpt-4o", input="What is the capital of France?")
        self.assertIn("stand-in for OpenAI", answer.output_text)

    def test_embeddings(self):
        answer = self.client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])
        self.assertEqual([len(item.embedding) for item in answer.data], [3, 3])

    def test_models(self):
        names = [model.id for model in self.client.models.list()]
        self.assertEqual(names, ["llama3.1", "claude-sonnet", "gpt-4o", "auto", "smart"])
        self.assertEqual(self.client.models.retrieve("gpt-4o").id, "gpt-4o")
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("gpt-5")

    def test_what_the_mesh_answered_can_be_asked_about(self):
        answer = self.client.chat.completions.with_raw_response.create(**CHAT)
        self.assertRegex(answer.headers["x-policymesh-decision-id"], r"^[0-9a-f-]{36}$")

    def test_denial_is_told_once_and_not_tried_again(self):
        requests = []
        hooks = {"request": [requests.append]}
        with openai.OpenAI(api_key="key-of-the-client", max_retries=2, http_client=openai.DefaultHttpxClient(event_hooks=hooks)) as client:
            with self.assertRaises(openai.PermissionDeniedError) as denied:
                client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": SECRET}])
        self.assertEqual(len(requests), 1)
        self.assertEqual(denied.exception.status_code, 403)
        self.assertEqual(denied.exception.code, "policy_denied")
        self.assertEqual(denied.exception.response.headers["x-should-retry"], "false")
        self.assertIn("remove the credential", denied.exception.message)
        self.assertNotIn("AKIA", denied.exception.message)


if __name__ == "__main__":
    unittest.main()
