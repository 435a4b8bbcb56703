"""OpenAI's Agents SDK: chat and responses."""

import asyncio
import logging

import agents
import openai
from agents import Agent, ModelSettings, RunConfig, Runner, function_tool
from agents.models.openai_chatcompletions import OpenAIChatCompletionsModel
from agents.models.openai_responses import OpenAIResponsesModel
from openai.types.shared import Reasoning

from harness.report import need
from harness.words import BREAK, CALL, CLAUDE, LONG, PACE, PNG, THROTTLE, colourful, get_weather, hello, nonce
from suites.leaving import SECONDS

NAME = "openai-agents"
WIRES = {"chat": OpenAIChatCompletionsModel, "responses": OpenAIResponsesModel}
# What would be told to the vendor of what was done here.
agents.set_tracing_disabled(True)
# It tells of errors in a log besides.
logging.getLogger("openai.agents").setLevel(logging.CRITICAL)
DELTA = "response.output_text.delta"


class Suite:
    """The checks, one method each. No retries by the SDK: every fault must be seen."""

    def __init__(self, stage):
        self.stage = stage
        self.clients = []

    def run(self, check):
        """Runs it in a loop of its own, which its clients must not outlive."""

        async def closing():
            try:
                await check()
            finally:
                while self.clients:
                    await self.clients.pop().close()

        asyncio.run(closing())

    def agent(self, wire, model, **more):
        proxy = self.stage.proxy
        client = openai.AsyncOpenAI(api_key=proxy.key, base_url=proxy.url + "/v1", max_retries=0, timeout=30)
        self.clients.append(client)
        return Agent(name="a", instructions="Be brief.", model=WIRES[wire](model=model, openai_client=client), **more)

    async def ask(self, wire, given, model=CLAUDE, **more):
        return await Runner.run(self.agent(wire, model, **more), given, run_config=RunConfig(tracing_disabled=True))

    async def heard(self, wire, given, pieces, model=CLAUDE, **more):
        """Appends what is said to `pieces` as it comes; the run at its end."""
        run = Runner.run_streamed(self.agent(wire, model, **more), given, run_config=RunConfig(tracing_disabled=True))
        async for event in run.stream_events():
            if event.type == "raw_response_event" and event.data.type == DELTA:
                pieces.append(event.data.delta)
        return run

    async def plain(self, wire):
        prompt = hello(nonce())
        result = await self.ask(wire, prompt)
        need(result.final_output == "echo: " + prompt, lambda: result)
        need(result.raw_responses[0].usage.output_tokens > 0, lambda: result.raw_responses)

    async def stream(self, wire, model=CLAUDE):
        prompt, pieces = colourful(nonce()), []
        run = await self.heard(wire, prompt, pieces, model)
        need(run.final_output == "".join(pieces) == "echo: " + prompt and len(pieces) > 1, lambda: pieces)

    async def tool(self, wire, model=CLAUDE, **settings):
        """The SDK makes the turns, with its thoughts sent back where it has some."""
        more = {"tools": [function_tool(get_weather)], "model_settings": ModelSettings(**settings)}
        run = await self.heard(wire, CALL, [], model, **more)
        need(run.final_output == "tool said: sunny-Paris-42", lambda: run)
        result = await self.ask(wire, CALL, model, **more)
        need(result.final_output == "tool said: sunny-Paris-42", lambda: result)
        return result

    async def thinking(self, wire, model=CLAUDE):
        done = await self.tool(wire, model, reasoning=Reasoning(effort="high", summary="auto"))
        kinds = [item.type for item in done.new_items]
        need("reasoning_item" in kinds, lambda: kinds)

    async def image(self, wire):
        mark = nonce()
        picture = {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64," + PNG}
        said = {"role": "user", "content": [picture, {"type": "input_text", "text": hello(mark)}]}
        result = await self.ask(wire, [said])
        need(result.final_output == "echo: " + hello(mark), lambda: result)
        need(any(PNG.encode() in request.body for request in self.stage.emulator.about(mark)), "the image is gone")

    async def rate_limit(self, wire):
        try:
            await self.ask(wire, THROTTLE + nonce())
        except openai.RateLimitError as error:
            need(int(error.response.headers["retry-after"]) > 0, lambda: dict(error.response.headers))
        else:
            need(False, "no exception")

    async def error_mid_stream(self, wire):
        pieces = []
        try:
            await self.heard(wire, f"{BREAK} {nonce()} {LONG}", pieces)
        except Exception as error:  # of the SDK below, or its own
            need("".join(pieces).startswith("echo: "), f"nothing was heard before: {pieces}")
            need("Too many requests" in str(error), lambda: repr(error))
        else:
            need(False, f"no exception after {pieces}")

    async def cancel(self, wire):
        mark, pieces = nonce(), []
        listening = asyncio.create_task(self.heard(wire, f"{PACE} {mark} {LONG}", pieces))
        while not pieces and not listening.done():
            await asyncio.sleep(0.01)
        need(self.stage.emulator.running(mark), "no answer was under way when the client was to leave")
        listening.cancel()
        left = await asyncio.to_thread(self.stage.emulator.wait_left, mark, SECONDS)
        need(left is not None, f"the upstream request was still open {SECONDS} s after the client left")


def run(stage):
    suite = Suite(stage)
    checks = {}
    for wire in WIRES:
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
            "stream": lambda: suite.stream("chat", other.model),
            "tool": lambda: suite.tool("responses", other.model),
            "tool-chat": lambda: suite.tool("chat", other.model),
        }
    )
    for name, check in checks.items():
        stage.check(NAME, name, lambda check=check: suite.run(check))
