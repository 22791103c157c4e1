"""What the programs for the single clients share: the models, one at a provider of each format, and what is sent to them.

The stand-in providers do what the prompt tells them: they call the tools that it names, and fail as it says.
"""

import base64
import functools
import os
import struct
import unittest
import zlib

MESH = os.environ["MESH"]

# The client's own key; a provider must get another one.
KEY = "key-of-the-client"

# Models by name, with who stands in for their providers.
PROVIDERS = {"gpt": "OpenAI", "claude": "Anthropic", "llama": "Ollama"}
THINKERS = {"gpt-thinking": "OpenAI", "claude": "Anthropic", "llama-thinking": "Ollama"}

SECRET = "my key is AKIAQ3EGUBZJ5XPKW7ML, please check it"

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
CLOCK = {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"], "additionalProperties": False}
TOOLS = {"weather": WEATHER, "clock": CLOCK}

# What everybody counts: input, output, and in a conversation that goes on what of the input came from a cache.
INPUT, OUTPUT, CACHED, WRITTEN = 9, 12, 4, 2


def png():
    """The bytes of a picture of one pixel."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def png_base64():
    return base64.b64encode(png()).decode()


def each(providers):
    """Runs a test with each model and its provider, and reports all that fail."""
    def decorate(test):
        @functools.wraps(test)
        def run(self):
            for model, provider in providers.items():
                with self.subTest(provider=provider):
                    test(self, model, provider)

        return run

    return decorate


class Pairs(unittest.TestCase):
    """A client against every provider."""

    def assertSays(self, text, provider):
        self.assertIn(f"stand-in for {provider}", text)
