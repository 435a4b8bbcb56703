"""The official `anthropic` package for Python."""

import asyncio

import anthropic
from anthropic import beta_tool

from harness.report import need
from harness.words import (
    BREAK, CALL, CALL_TWICE, CLAUDE, CUT, DELAY, LONG, PACE, PNG, STALL, THROTTLE, THROTTLE_ONCE, colourful,
    get_weather, hello, nonce,
)
from suites.leaving import upstream_ends

NAME = "anthropic-python"
TOOLS = [
    {
        "name": "get_weather",
        "description": "The weather of a city",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]


def text(message):
    return "".join(block.text for block in message.content if block.type == "text")


def calls(message):
    return [block for block in message.content if block.type == "tool_use"]


def user(content):
    return {"role": "user", "content": content}


def results(message):
    return user(
        [
            {"type": "tool_result", "tool_use_id": call.id, "content": get_weather(**call.input)}
            for call in calls(message)
        ]
    )


def picture(prompt):
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    return user([{"type": "image", "source": source}, {"type": "text", "text": prompt}])


class Suite:
    """The checks, one method each. No retries by the SDK: every fault must be seen."""

    def __init__(self, stage):
        self.stage = stage
        proxy = stage.proxy
        self.client = anthropic.Anthropic(api_key=proxy.key, base_url=proxy.url, max_retries=0, timeout=30)

    def ask(self, messages, model=CLAUDE, **more):
        return self.client.messages.create(model=model, messages=messages, **{"max_tokens": 200} | more)

    def stream(self, messages, model=CLAUDE, **more):
        return self.client.messages.stream(model=model, messages=messages, **{"max_tokens": 200} | more)

    def streamed(self, messages, model=CLAUDE, **more):
        with self.stream(messages, model, **more) as stream:
            return stream.get_final_message()

    def plain(self, model=CLAUDE):
        prompt = hello(nonce())
        message = self.ask([user(prompt)], model)
        need(text(message) == "echo: " + prompt, lambda: message)
        need(message.stop_reason == "end_turn", message.stop_reason)
        need(message.usage.input_tokens > 0 and message.usage.output_tokens > 0, lambda: message.usage)

    def stream_(self, model=CLAUDE):
        prompt, heard, kinds = colourful(nonce()), "", []
        with self.stream([user(prompt)], model) as stream:
            for event in stream:
                kinds.append(event.type)
                heard += event.text if event.type == "text" else ""
            message = stream.get_final_message()
        need(heard == "echo: " + prompt == text(message), lambda: (heard, message))
        need(message.stop_reason == "end_turn" and message.usage.output_tokens > 0, lambda: message)
        need(kinds.count("text") > 1, lambda: kinds)

    def raw_stream(self):
        kinds = [event.type for event in self.ask([user(colourful(nonce()))], stream=True)]
        need(kinds[:2] == ["message_start", "content_block_start"], lambda: kinds)
        need(kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"], lambda: kinds)

    def tool(self, ask, model=CLAUDE):
        messages = [user(CALL)]
        message = ask(messages, model, tools=TOOLS)
        need(message.stop_reason == "tool_use", lambda: message)
        need([call.input for call in calls(message)] == [{"city": "Paris"}], lambda: message)
        messages += [{"role": "assistant", "content": message.content}, results(message)]
        message = ask(messages, model, tools=TOOLS)
        need(text(message) == "tool said: sunny-Paris-42", lambda: message)

    def parallel_tools(self, ask, model=CLAUDE):
        messages = [user(CALL_TWICE)]
        message = ask(messages, model, tools=TOOLS)
        need([call.input["city"] for call in calls(message)] == ["Paris", "Rome"], lambda: message)
        messages += [{"role": "assistant", "content": message.content}, results(message)]
        message = ask(messages, model, tools=TOOLS)
        need(text(message) == "tool said: sunny-Rome-42", lambda: message)

    def forced_tool(self, model=CLAUDE):
        choice = {"type": "tool", "name": "get_weather"}
        message = self.ask([user(hello(nonce()))], model, tools=TOOLS, tool_choice=choice)
        need([call.name for call in calls(message)] == ["get_weather"], lambda: message)

    def tool_runner(self):
        # Begins with `thread`, which a stateless server must refuse in the one way that makes the SDK go on without.
        @beta_tool
        def get_weather(city: str) -> str:
            """The weather of a city

            Args:
                city: its name
            """
            return f"sunny-{city}-{40 + 2}"

        runner = self.client.beta.messages.tool_runner(
            model=CLAUDE, max_tokens=200, tools=[get_weather], messages=[user(CALL)]
        )
        message = runner.until_done()
        need(text(message) == "tool said: sunny-Paris-42", lambda: message)

    def web_search(self, ask):
        # The search runs on the way: the answer shows it, and the conversation goes on with it.
        search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
        messages = [user('[[tool:web_search {"query":"rust"}]] ' + nonce())]
        message = ask(messages, tools=[search])
        kinds = [block.type for block in message.content]
        need(kinds == ["server_tool_use", "web_search_tool_result", "text"], lambda: message)
        call, result, _ = message.content
        need(call.input == {"query": "rust"} and result.tool_use_id == call.id, lambda: message)
        need(result.content[0].url == "https://example.com/a" and result.content[0].title, lambda: result)
        need("https://example.com/a" in text(message) and message.stop_reason == "end_turn", lambda: message)
        need(message.usage.server_tool_use.web_search_requests == 1, lambda: message.usage)
        mark = nonce()
        messages += [{"role": "assistant", "content": message.content}, user(hello(mark))]
        need(text(ask(messages, tools=[search])) == "echo: " + hello(mark), "the conversation does not go on")
        sent = self.stage.emulator.about(mark)
        need(any(b"A short extract: rust" in request.body for request in sent), "what was found is gone")

    def image(self, model=CLAUDE):
        mark = nonce()
        message = self.ask([picture(hello(mark))], model)
        need(text(message) == "echo: " + hello(mark), lambda: message)
        need(any(PNG.encode() in request.body for request in self.stage.emulator.about(mark)), "the image is gone")

    def thinking(self, model=CLAUDE):
        thinking = {"type": "enabled", "budget_tokens": 1024}
        messages = [user(CALL)]
        message = self.streamed(messages, model, tools=TOOLS, thinking=thinking, max_tokens=3000)
        need(message.content[0].type == "thinking" and message.content[0].signature, lambda: message)
        messages += [{"role": "assistant", "content": message.content}, results(message)]
        message = self.streamed(messages, model, tools=TOOLS, thinking=thinking, max_tokens=3000)
        need(text(message) == "tool said: sunny-Paris-42", lambda: message)

    def thinking_plain(self, model=CLAUDE):
        prompt = hello(nonce())
        thinking = {"type": "enabled", "budget_tokens": 1024}
        message = self.ask([user(prompt)], model, thinking=thinking, max_tokens=3000)
        need([block.type for block in message.content] == ["thinking", "text"], lambda: message)
        need(message.content[0].thinking and text(message) == "echo: " + prompt, lambda: message)

    def thinking_suffix(self):
        message = self.ask([user(hello(nonce()))], CLAUDE + "-thinking", max_tokens=20000)
        need(message.content[0].type == "thinking", lambda: message)

    def structured(self):
        schema = {
            "type": "object",
            "properties": {"title": {"type": "string"}},
            "required": ["title"],
            "additionalProperties": False,
        }
        message = self.ask(
            [user(hello(nonce()))], output_config={"format": {"type": "json_schema", "schema": schema}}
        )
        need('"title"' in text(message), lambda: message)

    def count(self, model=CLAUDE):
        few = self.client.messages.count_tokens(model=model, messages=[user("short")]).input_tokens
        many = self.client.messages.count_tokens(model=model, messages=[user(LONG)], tools=TOOLS).input_tokens
        need(0 < few < many, lambda: (few, many))

    def models(self):
        models = list(self.client.models.list(limit=1000))
        need(any(model.id == CLAUDE for model in models), lambda: [model.id for model in models])
        one = self.client.models.retrieve(CLAUDE)
        need(one.id == CLAUDE and one.display_name and one.type == "model", lambda: one)

    def beta(self):
        prompt = hello(nonce())
        message = self.client.beta.messages.create(
            model=CLAUDE, max_tokens=200, betas=["interleaved-thinking-2025-05-14"], messages=[user(prompt)]
        )
        need(text(message) == "echo: " + prompt, lambda: message)

    def x_api_key(self):
        # As older versions of the SDK send it.
        headers = {"x-api-key": self.stage.proxy.key, "anthropic-version": "2023-06-01", "authorization": ""}
        prompt = hello(nonce())
        message = self.ask([user(prompt)], extra_headers=headers)
        need(text(message) == "echo: " + prompt, lambda: message)

    def doubled_version(self):
        # A base URL that ends in /v1, as the other SDKs want it, makes this one ask for /v1/v1/messages.
        proxy, prompt = self.stage.proxy, hello(nonce())
        client = anthropic.Anthropic(api_key=proxy.key, base_url=proxy.url + "/v1", max_retries=0)
        message = client.messages.create(model=CLAUDE, max_tokens=200, messages=[user(prompt)])
        need(text(message) == "echo: " + prompt, lambda: message)

    def wrong_key(self):
        client = anthropic.Anthropic(api_key="sk-wrong", base_url=self.stage.proxy.url, max_retries=0)
        try:
            client.messages.create(model=CLAUDE, max_tokens=10, messages=[user("hello")])
        except anthropic.AuthenticationError as error:
            need(error.body["error"]["type"] == "authentication_error", lambda: error.body)
        else:
            need(False, "a wrong key was let in")

    def bad_request(self):
        try:
            self.ask([])
        except anthropic.BadRequestError as error:
            need(error.body["error"]["type"] == "invalid_request_error", lambda: error.body)
            need(error.request_id, "no request id")
        else:
            need(False, "no messages were accepted")

    def unknown_model(self):
        try:
            self.ask([user("hello")], "no-such-model-9")
        except anthropic.NotFoundError as error:
            need(error.body["error"]["type"] == "not_found_error", lambda: error.body)
        else:
            need(False, "an unknown model answered")

    def rate_limit(self, stream=False):
        try:
            prompt = THROTTLE + nonce()
            list(self.ask([user(prompt)], stream=True)) if stream else self.ask([user(prompt)])
        except anthropic.RateLimitError as error:
            need(error.body["error"]["type"] == "rate_limit_error", lambda: error.body)
            need(int(error.response.headers["retry-after"]) > 0, lambda: dict(error.response.headers))
        else:
            need(False, "no exception")

    def retry(self):
        # The SDK waits as long as it is told, and comes again.
        prompt = f"{THROTTLE_ONCE} {nonce()}"
        client = self.client.with_options(max_retries=2)
        with client.messages.stream(model=CLAUDE, max_tokens=200, messages=[user(prompt)]) as stream:
            message = stream.get_final_message()
        need(text(message) == "echo: " + prompt, lambda: message)

    def error_mid_stream(self, model=CLAUDE, fault=BREAK):
        heard = ""
        try:
            with self.stream([user(f"{fault} {nonce()} {LONG}")], model) as stream:
                for words in stream.text_stream:
                    heard += words
        except anthropic.APIStatusError as error:
            need(heard.startswith("echo: "), f"nothing was heard before: {heard!r}")
            need(error.body["type"] == "error" and error.body["error"]["message"], lambda: error.body)
        else:
            need(False, f"no exception after {heard!r}")

    def cancel(self, pause, model=CLAUDE):
        mark = nonce()
        with self.stream([user(f"{pause} {mark} {LONG}")], model, max_tokens=4000) as stream:
            next(iter(stream.text_stream))
            upstream_ends(self.stage, mark, stream.close)

    async def async_stream(self):
        prompt, heard = colourful(nonce()), ""
        async with self.asynchronous() as client:
            async with client.messages.stream(model=CLAUDE, max_tokens=200, messages=[user(prompt)]) as stream:
                async for words in stream.text_stream:
                    heard += words
        need(heard == "echo: " + prompt, lambda: heard)

    async def cancel_task(self):
        mark = nonce()
        begun = asyncio.Event()

        async def listen(client):
            messages = [user(f"{STALL} {mark} {LONG}")]
            async with client.messages.stream(model=CLAUDE, max_tokens=4000, messages=messages) as stream:
                async for _ in stream.text_stream:
                    begun.set()

        async with self.asynchronous() as client:
            task = asyncio.ensure_future(listen(client))
            await asyncio.wait_for(begun.wait(), 20)
            task.cancel()
            need(self.stage.emulator.running(mark), "no answer was under way when the client was to leave")
            await asyncio.wait([task])
            left = await asyncio.to_thread(self.stage.emulator.wait_left, mark, 1.0)
            need(left is not None, "the upstream request was still open 1 s after the client left")

    def give_up_waiting(self, model=CLAUDE):
        mark = nonce()
        try:
            self.client.with_options(timeout=1.0).messages.create(
                model=model, max_tokens=200, messages=[user(f"{DELAY} {mark}")]
            )
        except anthropic.APITimeoutError:
            left = self.stage.emulator.wait_left(mark, 1.0)
            need(left is not None, "the upstream request was still open 1 s after the client left")
        else:
            need(False, "an answer came although the upstream waits")

    def asynchronous(self):
        proxy = self.stage.proxy
        return anthropic.AsyncAnthropic(api_key=proxy.key, base_url=proxy.url, max_retries=0, timeout=30)


def run(stage):
    suite = Suite(stage)
    checks = {
        "plain": suite.plain,
        "stream": suite.stream_,
        "raw-stream": suite.raw_stream,
        "async-stream": lambda: asyncio.run(suite.async_stream()),
        "tool": lambda: suite.tool(suite.ask),
        "tool-stream": lambda: suite.tool(suite.streamed),
        "parallel-tools": lambda: suite.parallel_tools(suite.streamed),
        "forced-tool": suite.forced_tool,
        "tool-runner": suite.tool_runner,
        "web-search": lambda: suite.web_search(suite.ask),
        "web-search-stream": lambda: suite.web_search(suite.streamed),
        "image": suite.image,
        "thinking": suite.thinking,
        "thinking-plain": suite.thinking_plain,
        "thinking-suffix": suite.thinking_suffix,
        "structured-output": suite.structured,
        "count-tokens": suite.count,
        "models": suite.models,
        "beta": suite.beta,
        "x-api-key": suite.x_api_key,
        "doubled-version": suite.doubled_version,
        "wrong-key": suite.wrong_key,
        "bad-request": suite.bad_request,
        "unknown-model": suite.unknown_model,
        "rate-limit": suite.rate_limit,
        "rate-limit-stream": lambda: suite.rate_limit(stream=True),
        "retry": suite.retry,
        "error-mid-stream": suite.error_mid_stream,
        "cut-mid-stream": lambda: suite.error_mid_stream(fault=CUT),
        "cancel": lambda: suite.cancel(PACE),
        "cancel-silent": lambda: suite.cancel(STALL),
        "cancel-task": lambda: asyncio.run(suite.cancel_task()),
        "cancel-before-first-byte": suite.give_up_waiting,
    }
    checks |= stage.upstream.named(
        lambda other: {
            "plain": lambda: suite.plain(other.model),
            "stream": lambda: suite.stream_(other.model),
            "tool": lambda: suite.tool(suite.ask, other.model),
            "tool-stream": lambda: suite.tool(suite.streamed, other.model),
            "parallel-tools": lambda: suite.parallel_tools(suite.streamed, other.model),
            "image": other.seeing and (lambda: suite.image(other.seeing)),
            "count-tokens": lambda: suite.count(other.model),
            "thinking": lambda: suite.thinking_plain(other.model),
            "thinking-tool": other.signs and (lambda: suite.thinking(other.model)),
            "error-mid-stream": lambda: suite.error_mid_stream(other.model),
            "cut-mid-stream": lambda: suite.error_mid_stream(other.model, CUT),
            "cancel": lambda: suite.cancel(STALL, other.model),
        }
    )
    for name, check in checks.items():
        stage.check(NAME, name, check)
