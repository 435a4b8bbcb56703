"""Agents of Pydantic AI: messages, chat and responses."""

import asyncio
import base64

from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from pydantic_ai import Agent, BinaryContent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ThinkingPart
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from harness.report import need
from harness.words import BREAK, CALL, CLAUDE, LONG, PACE, PNG, THROTTLE, colourful, get_weather, hello, nonce
from suites.leaving import SECONDS

NAME = "pydantic-ai"
# What makes a model think, by wire.
THOUGHTFUL = {
    "messages": {"anthropic_thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 8000},
    "chat": {"openai_reasoning_effort": "high"},
    "responses": {"openai_reasoning_effort": "high", "openai_reasoning_summary": "auto"},
}
# What newer models are asked with.
ADAPTIVE = {"anthropic_thinking": {"type": "adaptive"}, "max_tokens": 8000}


class Suite:
    """The checks, one method each. No retries by the SDK: every fault must be seen."""

    def __init__(self, stage):
        self.stage = stage
        self.clients = []

    def agent(self, wire, model=CLAUDE, **more):
        proxy = self.stage.proxy
        once = {"api_key": proxy.key, "max_retries": 0, "timeout": 30}
        if wire == "messages":
            client = AsyncAnthropic(base_url=proxy.url, **once)
            own = AnthropicModel(model, provider=AnthropicProvider(anthropic_client=client))
        else:
            client = AsyncOpenAI(base_url=proxy.url + "/v1", **once)
            provider = OpenAIProvider(openai_client=client)
            own = {"chat": OpenAIChatModel, "responses": OpenAIResponsesModel}[wire](model, provider=provider)
        self.clients.append(client)
        return Agent(own, **more)

    def run(self, check):
        """Runs it in a loop of its own, which its clients must not outlive."""

        async def closing():
            try:
                await check()
            finally:
                while self.clients:
                    await self.clients.pop().close()

        asyncio.run(closing())

    async def plain(self, wire, model=CLAUDE):
        prompt = hello(nonce())
        result = await self.agent(wire, model, system_prompt="Be brief.").run(prompt)
        need(result.output == "echo: " + prompt, lambda: result)

    async def stream(self, wire, model=CLAUDE):
        prompt = colourful(nonce())
        async with self.agent(wire, model).run_stream(prompt) as result:
            heard = [piece async for piece in result.stream_text(delta=True, debounce_by=None)]
        need("".join(heard) == "echo: " + prompt and len(heard) > 1, lambda: heard)

    async def tool(self, wire, model=CLAUDE, **settings):
        """The agent makes the turns, with its thoughts sent back where it has some."""
        agent = self.agent(wire, model)
        agent.tool_plain(get_weather)
        async with agent.run_stream(CALL, model_settings=settings) as result:
            need(await result.get_output() == "tool said: sunny-Paris-42", lambda: result)
        whole = await agent.run(CALL, model_settings=settings)
        need(whole.output == "tool said: sunny-Paris-42", lambda: whole)
        return whole

    async def thinking(self, wire, model=CLAUDE, settings=None):
        done = await self.tool(wire, model, **settings or THOUGHTFUL[wire])
        parts = [part for message in done.all_messages() for part in message.parts]
        need(any(isinstance(part, ThinkingPart) and part.content for part in parts), lambda: parts)

    async def image(self, wire, model=CLAUDE):
        mark = nonce()
        picture = BinaryContent(base64.b64decode(PNG), media_type="image/png")
        result = await self.agent(wire, model).run([picture, hello(mark)])
        need(result.output == "echo: " + hello(mark), lambda: result)
        need(any(PNG.encode() in request.body for request in self.stage.emulator.about(mark)), "the image is gone")

    async def rate_limit(self, wire):
        try:
            await self.agent(wire).run(THROTTLE + nonce())
        except ModelHTTPError as error:
            need(error.status_code == 429 and error.body, lambda: error)
        else:
            need(False, "no exception")

    async def error_mid_stream(self, wire):
        heard = ""
        try:
            async with self.agent(wire).run_stream(f"{BREAK} {nonce()} {LONG}") as result:
                async for piece in result.stream_text(delta=True, debounce_by=None):
                    heard += piece
        except Exception as error:  # of one SDK or the other, or its own
            need(heard.startswith("echo: "), f"nothing was heard before: {heard!r}")
            need("Too many requests" in f"{error} {getattr(error, 'body', '')}", lambda: repr(error))
        else:
            need(False, f"no exception after {heard!r}")

    async def cancel(self, wire):
        mark = nonce()

        async def listen():
            async with self.agent(wire).run_stream(f"{PACE} {mark} {LONG}") as result:
                async for _ in result.stream_text(delta=True, debounce_by=None):
                    heard.set()

        heard = asyncio.Event()
        listening = asyncio.create_task(listen())
        await asyncio.wait_for(heard.wait(), 20)
        need(self.stage.emulator.running(mark), "no answer was under way when the client was to leave")
        listening.cancel()
        left = await asyncio.to_thread(self.stage.emulator.wait_left, mark, SECONDS)
        need(left is not None, f"the upstream request was still open {SECONDS} s after the client left")


def run(stage):
    suite = Suite(stage)
    checks = {}
    for wire in THOUGHTFUL:
        for name, check in {
            "plain": suite.plain,
            "stream": suite.stream,
            "tool": suite.tool,
            "thinking": suite.thinking,
            "image": suite.image,
            "rate-limit": suite.rate_limit,
            "error-mid-stream": suite.error_mid_stream,
            "cancel": suite.cancel,
        }.items():
            checks[f"{wire}-{name}"] = lambda check=check, wire=wire: check(wire)
    checks |= stage.upstream.named(
        lambda other: {
            "stream": lambda: suite.stream("messages", other.model),
            "tool": lambda: suite.tool("responses", other.model),
            "tool-chat": lambda: suite.tool("chat", other.model),
            "thinking": other.signs and (lambda: suite.thinking("messages", other.model, ADAPTIVE)),
            "image": other.seeing and (lambda: suite.image("chat", other.seeing)),
        }
    )
    for name, check in checks.items():
        stage.check(NAME, name, lambda check=check: suite.run(check))
