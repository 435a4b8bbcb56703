"""The official `openai` package for Python: responses."""

import json

import openai
from pydantic import BaseModel

from harness.report import need
from harness.words import BREAK, CALL, CLAUDE, CUT, LONG, PACE, PNG, STALL, THROTTLE, colourful, get_weather, hello, nonce
from suites.leaving import upstream_ends

NAME = "openai-responses"
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [
    {"type": "function", "name": "get_weather", "description": "The weather of a city", "parameters": PARAMETERS},
    {"type": "custom", "name": "run", "description": "Runs code"},
    {"type": "local_shell"},
    {"type": "shell", "environment": {"type": "local"}},
    {"type": "apply_patch"},
    {"type": "namespace", "name": "jira", "description": "Jira", "tools": [
        {"type": "function", "name": "get", "parameters": PARAMETERS},
    ]},
]
# What the model is made to call, and the class that the SDK must make of it.
FORMS = {
    CALL: "ResponseFunctionToolCall",
    '[[tool:run {"input":"a\\n\\"b\\""}]]': "ResponseCustomToolCall",
    '[[tool:local_shell {"command":["ls"]}]]': "LocalShellCall",
    '[[tool:shell {"commands":["ls"]}]]': "ResponseFunctionShellToolCall",
    '[[tool:apply_patch {"type":"update_file","path":"a","diff":"@@"}]]': "ResponseApplyPatchToolCall",
    '[[tool:jira__get {"city":"Oslo"}]]': "ResponseFunctionToolCall",
}


def strict(thing):
    """Fails where the SDK built an object although its fields are not what its class says."""
    dumped = thing.model_dump(by_alias=True, warnings="none")
    type(thing).model_validate(dumped)
    return thing


class Suite:
    """The checks, one method each. No retries by the SDK: every fault must be seen."""

    def __init__(self, stage):
        self.stage = stage
        proxy = stage.proxy
        self.client = openai.OpenAI(api_key=proxy.key, base_url=proxy.url + "/v1", max_retries=0, timeout=30)

    def ask(self, given, model=CLAUDE, **more):
        return strict(self.client.responses.create(model=model, input=given, **more))

    def streamed(self, given, model=CLAUDE, **more):
        with self.client.responses.stream(model=model, input=given, **more) as stream:
            for event in stream:
                need(event.type.startswith("response."), lambda: event)
            return stream.get_final_response()

    def events(self, given, model=CLAUDE, **more):
        return [strict(event) for event in self.client.responses.create(model=model, input=given, stream=True, **more)]

    def plain(self, model=CLAUDE):
        prompt = hello(nonce())
        response = self.ask(prompt, model, instructions="Be brief.")
        need(response.output_text == "echo: " + prompt and response.status == "completed", lambda: response)
        need(response.instructions == "Be brief.", lambda: response)
        need(response.usage.total_tokens > response.usage.output_tokens > 0, lambda: response.usage)

    def count(self, model=CLAUDE):
        counted = lambda given, **more: strict(self.client.responses.input_tokens.count(model=model, input=given, **more))
        few, many = counted("short"), counted(LONG, tools=TOOLS[:1])
        need(few.object == "response.input_tokens" and many.input_tokens > few.input_tokens > 0, lambda: (few, many))
        # Together with what was said before.
        before = self.ask(LONG, model, store=True)
        after = counted("short", previous_response_id=before.id)
        need(after.input_tokens > few.input_tokens, lambda: (few, after))

    def stream(self, model=CLAUDE):
        prompt = colourful(nonce())
        events = self.events(prompt, model)
        heard = [event.delta for event in events if event.type == "response.output_text.delta"]
        need("".join(heard) == "echo: " + prompt and len(heard) > 1, lambda: heard)
        need([event.sequence_number for event in events] == list(range(len(events))), lambda: events)
        need(events[-1].type == "response.completed" and events[-1].response.output_text == "echo: " + prompt, lambda: events[-1])
        need(self.streamed(prompt, model).output_text == "echo: " + prompt, "not assembled")

    def forms(self, model=CLAUDE):
        for prompt, kind in FORMS.items():
            done = [event.item for event in self.events(prompt, model, tools=TOOLS) if event.type == "response.output_item.done"]
            need(type(done[-1]).__name__ == kind, lambda: done)
            whole = self.ask(prompt, model, tools=TOOLS)
            need(type(whole.output[-1]).__name__ == kind, lambda: whole)
            need(self.streamed(prompt, model, tools=TOOLS).output[-1].type == done[-1].type, lambda: done)

    def tool(self, ask, model=CLAUDE):
        given = [{"role": "user", "content": CALL}]
        response = ask(given, model, tools=TOOLS, store=False)
        call = response.output[-1]
        need(call.type == "function_call" and json.loads(call.arguments) == {"city": "Paris"}, lambda: response)
        given += [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in response.output]
        result = get_weather(**json.loads(call.arguments))
        given.append({"type": "function_call_output", "call_id": call.call_id, "output": result})
        need(ask(given, model, tools=TOOLS, store=False).output_text == "tool said: sunny-Paris-42", "no result")

    def kept(self, model=CLAUDE):
        first = self.ask(CALL, model, tools=TOOLS)
        result = {"type": "function_call_output", "call_id": first.output[-1].call_id, "output": "sunny"}
        second = self.streamed([result], model, tools=TOOLS, previous_response_id=first.id)
        need(second.output_text == "tool said: sunny", lambda: second)
        need(strict(self.client.responses.retrieve(second.id)).output_text == "tool said: sunny", "not kept")
        items = list(self.client.responses.input_items.list(first.id))
        need(len(items) == 1 and items[0].content[0].text == CALL, lambda: items)
        self.client.responses.delete(first.id)
        try:
            self.client.responses.retrieve(first.id)
        except openai.NotFoundError:
            return
        need(False, "it is still there")

    def compact(self):
        mark = nonce()
        compacted = self.client.responses.compact(model=CLAUDE, input=[{"role": "user", "content": hello(mark)}])
        need(compacted.object == "response.compaction" and compacted.output[-1].type == "compaction", lambda: compacted)
        need(compacted.output[-1].encrypted_content, lambda: compacted)

    def image(self, model=CLAUDE):
        prompt = hello(nonce())
        picture = {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64," + PNG}
        response = self.ask([{"role": "user", "content": [picture, {"type": "input_text", "text": prompt}]}], model)
        need(response.output_text == "echo: " + prompt, lambda: response)

    def thinking(self, model=CLAUDE, signs=True):
        prompt = hello(nonce())
        more = {"reasoning": {"effort": "high", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
        kinds = {event.type for event in self.events(prompt, model, **more)}
        need("response.reasoning_summary_text.delta" in kinds, lambda: kinds)
        thought = self.streamed(prompt, model, **more).output[0]
        need(thought.type == "reasoning" and thought.summary[0].text, lambda: thought)
        need(bool(thought.encrypted_content) == signs, lambda: thought)

    def structured(self):
        class Place(BaseModel):
            city: str

        place = self.client.responses.parse(model=CLAUDE, input="where?", text_format=Place).output_parsed
        need(isinstance(place, Place), lambda: place)

    def cut_off(self):
        events = self.events(LONG, max_output_tokens=5)
        need(events[-1].type == "response.incomplete", lambda: events[-1])
        need(events[-1].response.incomplete_details.reason == "max_output_tokens", lambda: events[-1])

    def bad_request(self):
        try:
            self.ask("hello", background=True)
        except openai.BadRequestError as error:
            need(error.param == "background", lambda: error.body)
        else:
            need(False, "no exception")

    def rate_limit(self):
        try:
            self.ask(THROTTLE + nonce())
        except openai.RateLimitError as error:
            need(int(error.response.headers["retry-after"]) > 0, lambda: dict(error.response.headers))
        else:
            need(False, "no exception")

    def error_mid_stream(self, model=CLAUDE, fault=BREAK):
        kinds, heard, last = [], "", None
        for event in self.client.responses.create(model=model, input=f"{fault} {nonce()} {LONG}", stream=True):
            kinds.append(event.type)
            heard += event.delta if event.type == "response.output_text.delta" else ""
            last = event
        need(heard.startswith("echo: "), f"nothing was heard before: {heard!r}")
        need(kinds.count("response.failed") == 1 and kinds[-1] == "response.failed", lambda: kinds)
        need(last.response.error.code and last.response.error.message, lambda: last)

    def cancel(self, pause, model=CLAUDE):
        mark = nonce()
        stream = self.client.responses.create(model=model, input=f"{pause} {mark} {LONG}", stream=True)
        for event in stream:
            if event.type == "response.output_text.delta":
                break
        upstream_ends(self.stage, mark, stream.close)


def run(stage):
    suite = Suite(stage)
    checks = {
        "plain": suite.plain,
        "stream": suite.stream,
        "forms": suite.forms,
        "tool": lambda: suite.tool(suite.ask),
        "tool-stream": lambda: suite.tool(suite.streamed),
        "kept": suite.kept,
        "count-tokens": suite.count,
        "compact": suite.compact,
        "image": suite.image,
        "structured-output": suite.structured,
        "incomplete": suite.cut_off,
        "bad-request": suite.bad_request,
        "rate-limit": suite.rate_limit,
        "error-mid-stream": suite.error_mid_stream,
        "cut-mid-stream": lambda: suite.error_mid_stream(fault=CUT),
        "cancel": lambda: suite.cancel(PACE),
        "cancel-silent": lambda: suite.cancel(STALL),
    }
    checks |= stage.upstream.named(
        lambda other: {
            "plain": lambda: suite.plain(other.model),
            "stream": lambda: suite.stream(other.model),
            "forms": lambda: suite.forms(other.model),
            "tool-stream": lambda: suite.tool(suite.streamed, other.model),
            "kept": lambda: suite.kept(other.model),
            "count-tokens": lambda: suite.count(other.model),
            "thinking": lambda: suite.thinking(other.model, other.signs),
            "image": other.seeing and (lambda: suite.image(other.seeing)),
            "error-mid-stream": lambda: suite.error_mid_stream(other.model),
        }
    )
    for name, check in checks.items():
        stage.check(NAME, name, check)
