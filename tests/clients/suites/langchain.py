"""LangChain's models: messages, chat and responses."""

import anthropic
import openai
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool as made
from langchain_openai import ChatOpenAI

from harness.report import need
from harness.words import BREAK, CALL, CLAUDE, LONG, PACE, PNG, THROTTLE, colourful, get_weather, hello, nonce
from suites.leaving import upstream_ends

NAME = "langchain"
# What makes a model think, by wire. In chat there is no place for what it thought.
THOUGHTFUL = {
    "messages": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 8000},
    "responses": {"reasoning": {"effort": "high", "summary": "auto"}},
}


@made
def weather(city: str) -> str:
    """The weather of a city."""
    return get_weather(city)


weather.name = "get_weather"


class Suite:
    """The checks, one method each. No retries by the SDK: every fault must be seen."""

    def __init__(self, stage):
        self.stage = stage

    def model(self, wire, model=CLAUDE, **more):
        proxy = self.stage.proxy
        once = {"model": model, "max_retries": 0, "timeout": 30} | more
        if wire == "messages":
            return ChatAnthropic(api_key=proxy.key, base_url=proxy.url, **once)
        use = {"use_responses_api": wire == "responses", "stream_usage": True}
        return ChatOpenAI(api_key=proxy.key, base_url=proxy.url + "/v1", **use, **once)

    def plain(self, wire):
        prompt = hello(nonce())
        answer = self.model(wire).invoke([SystemMessage("Be brief."), HumanMessage(prompt)])
        need(answer.text == "echo: " + prompt, lambda: answer)
        need(answer.usage_metadata["total_tokens"] > answer.usage_metadata["output_tokens"] > 0, lambda: answer)

    def stream(self, wire, model=CLAUDE):
        prompt, whole, pieces = colourful(nonce()), None, 0
        for chunk in self.model(wire, model).stream(prompt):
            whole = chunk if whole is None else whole + chunk
            pieces += bool(chunk.text)
        need(whole.text == "echo: " + prompt and pieces > 1, lambda: (whole, pieces))
        need(whole.usage_metadata["output_tokens"] > 0, lambda: whole)

    def tool(self, wire, model=CLAUDE, **more):
        """With its thoughts sent back where it has some."""
        bound = self.model(wire, model, **more).bind_tools([weather])
        messages, whole = [HumanMessage(CALL)], None
        for chunk in bound.stream(messages):
            whole = chunk if whole is None else whole + chunk
        need([call["name"] for call in whole.tool_calls] == ["get_weather"], lambda: whole)
        call = whole.tool_calls[0]
        messages += [whole, ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"])]
        last = bound.invoke(messages)
        need(last.text == "tool said: sunny-Paris-42", lambda: last)
        return whole

    def thinking(self, wire, model=CLAUDE):
        called = self.tool(wire, model, **THOUGHTFUL[wire])
        need(any(block["type"] == "reasoning" for block in called.content_blocks), lambda: called)

    def image(self, wire, model=CLAUDE):
        mark = nonce()
        picture = {"type": "image", "base64": PNG, "mime_type": "image/png"}
        answer = self.model(wire, model).invoke([HumanMessage([picture, {"type": "text", "text": hello(mark)}])])
        need(answer.text == "echo: " + hello(mark), lambda: answer)
        need(any(PNG.encode() in request.body for request in self.stage.emulator.about(mark)), "the image is gone")

    def rate_limit(self, wire):
        try:
            self.model(wire).invoke(THROTTLE + nonce())
        except (anthropic.RateLimitError, openai.RateLimitError) as error:
            need(int(error.response.headers["retry-after"]) > 0, lambda: dict(error.response.headers))
        else:
            need(False, "no exception")

    def error_mid_stream(self, wire):
        heard = ""
        try:
            for chunk in self.model(wire).stream(f"{BREAK} {nonce()} {LONG}"):
                heard += chunk.text
        except Exception as error:  # of one SDK or the other, or its own
            need(heard.startswith("echo: "), f"nothing was heard before: {heard!r}")
            need("Too many requests" in str(error), lambda: repr(error))
        else:
            need(False, f"no exception after {heard!r}")

    def cancel(self, wire):
        mark = nonce()
        stream = self.model(wire).stream(f"{PACE} {mark} {LONG}")
        for chunk in stream:
            if chunk.text:
                break
        upstream_ends(self.stage, mark, stream.close)


def run(stage):
    suite = Suite(stage)
    checks = {}
    for wire in ("messages", "chat", "responses"):
        for name, check in {
            "plain": suite.plain,
            "stream": suite.stream,
            "tool": suite.tool,
            "thinking": suite.thinking if wire in THOUGHTFUL else None,
            "image": suite.image,
            "rate-limit": suite.rate_limit,
            "error-mid-stream": suite.error_mid_stream,
            "cancel": suite.cancel,
        }.items():
            if check:
                checks[f"{wire}-{name}"] = lambda check=check, wire=wire: check(wire)
    checks |= stage.upstream.named(
        lambda other: {
            "stream": lambda: suite.stream("messages", other.model),
            "tool": lambda: suite.tool("responses", other.model),
            "tool-chat": lambda: suite.tool("chat", other.model),
            "thinking": other.signs and (lambda: suite.thinking("messages", other.model)),
            "image": other.seeing and (lambda: suite.image("messages", other.seeing)),
        }
    )
    for name, check in checks.items():
        stage.check(NAME, name, check)
