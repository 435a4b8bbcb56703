"""The official `openai` package for Python: chat completions, completions, models."""

import asyncio
import json

import openai
from pydantic import BaseModel

from harness.report import need
from harness.words import (
    BREAK, CALL, CALL_TWICE, CLAUDE, CUT, DELAY, LONG, PACE, PNG, STALL, THROTTLE, colourful, get_weather,
    hello, nonce,
)
from suites.leaving import upstream_ends

NAME = "openai-python"
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def user(content):
    return {"role": "user", "content": content}


def said(completion):
    return completion.choices[0].message.content


def answered(completion):
    """The assistant's turn with its calls, and their results."""
    message = completion.choices[0].message
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.function.name, "arguments": call.function.arguments},
        }
        for call in message.tool_calls
    ]
    results = [
        {
            "role": "tool",
            "tool_call_id": call.id,
            "content": get_weather(**json.loads(call.function.arguments)),
        }
        for call in message.tool_calls
    ]
    return [{"role": "assistant", "content": message.content, "tool_calls": calls}, *results]


class Suite:
    """The checks, one method each. No retries by the SDK: every fault must be seen."""

    def __init__(self, stage):
        self.stage = stage
        proxy = stage.proxy
        self.client = openai.OpenAI(api_key=proxy.key, base_url=proxy.url + "/v1", max_retries=0, timeout=30)

    def ask(self, messages, model=CLAUDE, **more):
        return self.client.chat.completions.create(model=model, messages=messages, **more)

    def streamed(self, messages, model=CLAUDE, **more):
        with self.client.chat.completions.stream(model=model, messages=messages, **more) as stream:
            for _ in stream:
                pass
            return stream.get_final_completion()

    def plain(self, model=CLAUDE):
        prompt = hello(nonce())
        completion = self.ask([{"role": "system", "content": "Be brief."}, user(prompt)], model)
        need(said(completion) == "echo: " + prompt, lambda: completion)
        need(completion.choices[0].finish_reason == "stop", lambda: completion)
        need(completion.usage.total_tokens > completion.usage.completion_tokens > 0, lambda: completion.usage)

    def stream(self, model=CLAUDE):
        prompt, heard, usage, finish, pieces = colourful(nonce()), "", None, None, 0
        for chunk in self.ask([user(prompt)], model, stream=True, stream_options={"include_usage": True}):
            if chunk.choices:
                heard += chunk.choices[0].delta.content or ""
                finish = chunk.choices[0].finish_reason or finish
                pieces += bool(chunk.choices[0].delta.content)
            usage = chunk.usage or usage
        need(heard == "echo: " + prompt and pieces > 1, lambda: (heard, pieces))
        need(finish == "stop" and usage and usage.total_tokens > 0, lambda: (finish, usage))

    def stream_without_usage(self):
        chunks = list(self.ask([user(hello(nonce()))], stream=True))
        need(all(chunk.choices and chunk.usage is None for chunk in chunks), lambda: chunks)

    def stream_assembled(self):
        prompt = colourful(nonce())
        completion = self.streamed([user(prompt)])
        need(said(completion) == "echo: " + prompt, lambda: completion)

    def tool(self, ask, model=CLAUDE):
        messages = [user(CALL)]
        completion = ask(messages, model, tools=TOOLS)
        choice = completion.choices[0]
        need(choice.finish_reason == "tool_calls" and len(choice.message.tool_calls) == 1, lambda: choice)
        call = choice.message.tool_calls[0].function
        need(call.name == "get_weather" and json.loads(call.arguments) == {"city": "Paris"}, lambda: call)
        completion = ask(messages + answered(completion), model, tools=TOOLS)
        need(said(completion) == "tool said: sunny-Paris-42", lambda: completion)

    def parallel_tools(self, ask, model=CLAUDE):
        messages = [user(CALL_TWICE)]
        completion = ask(messages, model, tools=TOOLS)
        calls = [json.loads(call.function.arguments) for call in completion.choices[0].message.tool_calls]
        need(calls == [{"city": "Paris"}, {"city": "Rome"}], lambda: completion)
        completion = ask(messages + answered(completion), model, tools=TOOLS)
        need(said(completion) == "tool said: sunny-Rome-42", lambda: completion)

    def forced_tool(self, model=CLAUDE):
        choice = {"type": "function", "function": {"name": "get_weather"}}
        completion = self.ask([user(hello(nonce()))], model, tools=TOOLS, tool_choice=choice)
        need(completion.choices[0].message.tool_calls[0].function.name == "get_weather", lambda: completion)

    def image(self, model=CLAUDE):
        mark = nonce()
        parts = [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PNG, "detail": "auto"}},
            {"type": "text", "text": hello(mark)},
        ]
        completion = self.ask([user(parts)], model)
        need(said(completion) == "echo: " + hello(mark), lambda: completion)
        need(any(PNG.encode() in request.body for request in self.stage.emulator.about(mark)), "the image is gone")

    def thinking(self, model=CLAUDE):
        prompt = hello(nonce())
        messages = [{"role": "developer", "content": "Be brief."}, user(prompt)]
        completion = self.ask(messages, model, reasoning_effort="high", max_completion_tokens=9000)
        need(said(completion) == "echo: " + prompt, lambda: completion)
        need(completion.choices[0].message.model_extra.get("reasoning_content"), lambda: completion)

    def thinking_stream(self, model=CLAUDE):
        prompt, thought, heard = hello(nonce()), "", ""
        for chunk in self.ask([user(prompt)], model, reasoning_effort="low", stream=True):
            if chunk.choices:
                thought += (chunk.choices[0].delta.model_extra or {}).get("reasoning_content") or ""
                heard += chunk.choices[0].delta.content or ""
        need(thought and heard == "echo: " + prompt, lambda: (thought, heard))

    def structured(self):
        class Title(BaseModel):
            title: str

        completion = self.client.chat.completions.parse(
            model=CLAUDE, messages=[user(hello(nonce()))], response_format=Title
        )
        need(isinstance(completion.choices[0].message.parsed, Title), lambda: completion)

    def completions(self):
        prompt = hello(nonce())
        completion = self.client.completions.create(model=CLAUDE, prompt=prompt, max_tokens=200)
        need(prompt in completion.choices[0].text, lambda: completion)
        prompt = colourful(nonce())
        chunks = self.client.completions.create(model=CLAUDE, prompt=prompt, max_tokens=200, stream=True)
        heard = "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)
        need(prompt in heard, lambda: heard)

    def models(self):
        models = list(self.client.models.list())
        need(any(model.id == CLAUDE for model in models), lambda: [model.id for model in models])
        one = self.client.models.retrieve(CLAUDE)
        need(one.id == CLAUDE and one.object == "model" and one.owned_by, lambda: one)

    def embeddings(self):
        """Without a word from the program the SDK asks for base64."""
        for model in "titan-embed-text-v2", "cohere.embed-v4:0", "nova-2-multimodal-embeddings-v1":
            given = self.client.embeddings.create(model=model, input=["one", "two"], dimensions=256)
            need([len(item.embedding) for item in given.data] == [256, 256], lambda: given)
            plain = self.client.embeddings.create(model=model, input="two", dimensions=256, encoding_format="float")
            # Four bytes a number here, a decimal there: they agree as far as four bytes go.
            pairs = zip(plain.data[0].embedding, given.data[1].embedding, strict=True)
            need(all(abs(one - other) < 1e-6 for one, other in pairs), lambda: (model, plain, given))
            need(plain.usage.total_tokens > 0, lambda: plain.usage)

    def wrong_key(self):
        client = openai.OpenAI(api_key="sk-wrong", base_url=self.stage.proxy.url + "/v1", max_retries=0)
        try:
            client.chat.completions.create(model=CLAUDE, messages=[user("hello")])
        except openai.AuthenticationError as error:
            need(error.body["message"], lambda: error.body)
        else:
            need(False, "a wrong key was let in")

    def bad_request(self):
        try:
            self.ask([user("hello")], n=2)
        except openai.BadRequestError as error:
            need(error.body["type"] == "invalid_request_error" and error.body["message"], lambda: error.body)
        else:
            need(False, "n=2 was accepted")

    def unknown_model(self):
        try:
            self.ask([user("hello")], "no-such-model-9")
        except openai.NotFoundError as error:
            need(error.body["message"], lambda: error.body)
        else:
            need(False, "an unknown model answered")

    def rate_limit(self, stream=False):
        try:
            self.ask([user(THROTTLE + nonce())], stream=stream)
        except openai.RateLimitError as error:
            need(int(error.response.headers["retry-after"]) > 0, lambda: dict(error.response.headers))
            need(error.body["message"], lambda: error.body)
        else:
            need(False, "no exception")

    def error_mid_stream(self, model=CLAUDE, fault=BREAK):
        heard = ""
        try:
            for chunk in self.ask([user(f"{fault} {nonce()} {LONG}")], model, stream=True):
                heard += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        except openai.APIError as error:
            need(heard.startswith("echo: "), f"nothing was heard before: {heard!r}")
            need(error.message and error.body, lambda: error)
        else:
            need(False, f"no exception after {heard!r}")

    def cancel(self, pause, model=CLAUDE):
        mark = nonce()
        stream = self.ask([user(f"{pause} {mark} {LONG}")], model, stream=True)
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                break
        upstream_ends(self.stage, mark, stream.close)

    async def async_stream(self):
        prompt, heard = colourful(nonce()), ""
        proxy = self.stage.proxy
        async with openai.AsyncOpenAI(api_key=proxy.key, base_url=proxy.url + "/v1", max_retries=0) as client:
            stream = await client.chat.completions.create(model=CLAUDE, stream=True, messages=[user(prompt)])
            async for chunk in stream:
                heard += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        need(heard == "echo: " + prompt, lambda: heard)

    def give_up_waiting(self, model):
        mark = nonce()
        try:
            self.client.with_options(timeout=1.0).chat.completions.create(
                model=model, messages=[user(f"{DELAY} {mark}")]
            )
        except openai.APITimeoutError:
            left = self.stage.emulator.wait_left(mark, 1.0)
            need(left is not None, "the upstream request was still open 1 s after the client left")
        else:
            need(False, "an answer came although the upstream waits")


def run(stage):
    suite = Suite(stage)
    checks = {
        "plain": suite.plain,
        "stream": suite.stream,
        "stream-without-usage": suite.stream_without_usage,
        "stream-assembled": suite.stream_assembled,
        "async-stream": lambda: asyncio.run(suite.async_stream()),
        "tool": lambda: suite.tool(suite.ask),
        "tool-stream": lambda: suite.tool(suite.streamed),
        "parallel-tools": lambda: suite.parallel_tools(suite.streamed),
        "forced-tool": suite.forced_tool,
        "image": suite.image,
        "thinking": suite.thinking,
        "thinking-stream": suite.thinking_stream,
        "structured-output": suite.structured,
        "completions": suite.completions,
        "embeddings": suite.embeddings,
        "models": suite.models,
        "wrong-key": suite.wrong_key,
        "bad-request": suite.bad_request,
        "unknown-model": suite.unknown_model,
        "rate-limit": suite.rate_limit,
        "rate-limit-stream": lambda: suite.rate_limit(stream=True),
        "error-mid-stream": suite.error_mid_stream,
        "cut-mid-stream": lambda: suite.error_mid_stream(fault=CUT),
        "cancel": lambda: suite.cancel(PACE),
        "cancel-silent": lambda: suite.cancel(STALL),
    }
    checks |= stage.upstream.named(
        lambda other: {
            "plain": lambda: suite.plain(other.model),
            "stream": lambda: suite.stream(other.model),
            "tool": lambda: suite.tool(suite.ask, other.model),
            "tool-stream": lambda: suite.tool(suite.streamed, other.model),
            "parallel-tools": lambda: suite.parallel_tools(suite.streamed, other.model),
            "image": other.seeing and (lambda: suite.image(other.seeing)),
            "thinking": lambda: suite.thinking(other.model),
            "thinking-stream": lambda: suite.thinking_stream(other.model),
            "error-mid-stream": lambda: suite.error_mid_stream(other.model),
            "cut-mid-stream": lambda: suite.error_mid_stream(other.model, CUT),
            "cancel": lambda: suite.cancel(STALL, other.model),
            "cancel-before-first-byte": lambda: suite.give_up_waiting(other.model),
        }
    )
    for name, check in checks.items():
        stage.check(NAME, name, check)
