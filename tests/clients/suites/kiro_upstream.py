"""What the product sends to Kiro, judged by rules of these checks' own: every request that reached the emulator from a
Kiro account so far, and some that no SDK brings about."""

import copy
import dataclasses
import json
from collections import Counter

from harness import kiro_rules
from harness.report import Failed, need
from harness.upstream import kiro_account
from harness.words import CALL, CLAUDE, PNG, colourful, hello, nonce

NAME = "upstream"
CHAT = "GenerateAssistantResponse"
# Their shapes, bindings and headers differ.
OTHER_ACCOUNTS = {"identity-center": "rest", "builder-id": "aws_json", "external": "rest", "api-key": "rest"}
TOOL = {"name": "get_weather", "description": "d", "input_schema": {"type": "object", "properties": {}}}
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}


def user(content):
    return {"role": "user", "content": content}


class Suite:
    """The checks."""

    def __init__(self, stage):
        self.stage = stage
        self.native = stage.upstream.others["native"]

    def ask(self, path, wanted=200, **body):
        status, answer = self.stage.proxy.call("POST", path, body)
        need(status == wanted, lambda: f"{status} {answer[:600]}")
        return json.loads(answer) if not body.get("stream") else answer

    def catch_up(self):
        """Waits until all that was sent is known here: news come in order."""
        mark = nonce()
        self.ask("/v1/messages", model=CLAUDE, max_tokens=100, messages=[user(hello(mark))])
        need(self.stage.emulator.wait_for(mark, 5), "the emulator does not tell what it sees")

    def chats(self):
        return [request for request in self.stage.requests() if request.operation == CHAT]

    def everything_said(self):
        # All that a conversation may hold, to models of every kind.
        page = {"type": "text", "media_type": "text/plain", "data": "a page"}
        document = {"type": "document", "source": page, "title": "Page (1)", "cache_control": {"type": "ephemeral"}}
        called = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"n": [1.5, None]}}
        gone = {"type": "tool_use", "id": "functions.gone:1", "name": "mcp__gone__" + "x" * 90, "input": {}}
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True}
        messages = [
            user([document, PICTURE]),
            {"role": "assistant", "content": [{"type": "text", "text": "so"}, called, gone]},
            user([result | {"content": [{"type": "text", "text": "no"}, PICTURE]}]),
            user([result | {"tool_use_id": gone["id"], "is_error": False}]),
            user(hello(nonce())),
        ]
        asked = {"messages": messages, "tools": [TOOL], "tool_choice": {"type": "auto"}, "system": "Be brief."}
        tuned = {"max_tokens": 100, "temperature": 0.5, "stop_sequences": ["stop"], "metadata": {"user_id": "u"}}
        for model in (CLAUDE, self.native.model, self.native.seeing, "gpt-5.6-sol", "auto"):
            for stream in (False, True):
                self.ask("/v1/messages", model=model, stream=stream, **asked, **tuned)
            self.ask("/v1/messages/count_tokens", model=model, **asked)

    def every_model(self):
        # Where the product thinks that a model takes less or more than it does, the emulator says so.
        tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
        schema = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
        formatted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema | {"required": ["a"]}}}
        listed = self.stage.proxy.admin("GET", "/api/models?refresh=true")["models"]
        own = lambda model: any(place["id"] == self.stage.proxy.account for place in model["accounts"])
        models = [model["name"] for model in listed if own(model)]
        need(len(models) > 15, lambda: listed)
        wrong = []
        for model in models:
            for more in (
                {"temperature": 0.3, "top_p": 0.9, "stop": ["x"], "max_tokens": 10},
                {"reasoning_effort": "high", "stream": True},
                {"response_format": formatted, "stream": True},
                {"tools": [tool], "tool_choice": "required", "parallel_tool_calls": False},
            ):
                messages = [{"role": "system", "content": "Be brief."}, user(hello(nonce()))]
                body = {"model": model, "messages": messages} | more
                status, answer = self.stage.proxy.call("POST", "/v1/chat/completions", body)
                if status != 200 or '"error"' in answer:
                    wrong.append(f"{model} with {', '.join(more)}: {status} {answer[:200]}")
        need(not wrong, lambda: f"{len(wrong)} of {len(models)} models: {'; '.join(wrong)}")

    def own_thoughts(self):
        # A thought comes back as it was said; the emulator knows its own signatures again.
        for model in (self.native.model, self.native.seeing):
            thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "tools": [TOOL], "max_tokens": 3000}
            messages = [user(CALL)]
            content = self.ask("/v1/messages", model=model, messages=messages, **thinking)["content"]
            thought, call = content[0], content[-1]
            need((thought["type"], call["type"]) == ("thinking", "tool_use"), lambda: content)
            mark = nonce()
            result = {"type": "tool_result", "tool_use_id": call["id"], "content": mark}
            messages += [{"role": "assistant", "content": content}, user([result])]
            self.ask("/v1/messages", model=model, messages=messages, **thinking)
            sent = self.stage.emulator.about(mark)
            need(len(sent) == 1, f"{len(sent)} requests")
            said = json.loads(sent[0].body)["conversationState"]["history"][-1]["assistantResponseMessage"]
            wanted = {"reasoningText": {"text": thought["thinking"], "signature": thought["signature"]}}
            need(said.get("reasoningContent") == wanted, lambda: said)

        # GPT's thoughts are opaque, and wanted back.
        asked = {"model": "gpt-5.6-sol", "thinking": {"type": "adaptive"}, "max_tokens": 3000}
        messages, mark = [user(hello(nonce()))], nonce()
        content = self.ask("/v1/messages", messages=messages, **asked)["content"]
        need(content[0]["type"] == "redacted_thinking", lambda: content)
        self.ask("/v1/messages", messages=[*messages, {"role": "assistant", "content": content}, user(mark)], **asked)
        said = json.loads(self.stage.emulator.about(mark)[0].body)["conversationState"]["history"][-1]
        thought = said["assistantResponseMessage"].get("reasoningContent")
        need(thought == {"redactedContent": content[0]["data"]}, lambda: said)

    def one_conversation(self):
        # The service caches by it: the same in each turn of a session, another one for another session.
        def sent(session):
            mark = nonce()
            metadata = {"user_id": json.dumps({"device_id": "d", "account_uuid": "", "session_id": session})}
            self.ask("/v1/messages", model=CLAUDE, max_tokens=9, messages=[user(hello(mark))], metadata=metadata)
            return json.loads(self.stage.emulator.about(mark)[0].body)["conversationState"]["conversationId"]

        first, again, other = sent("s-1"), sent("s-1"), sent("s-2")
        need(first == again != other, lambda: (first, again, other))

    def other_accounts(self):
        for name, binding in OTHER_ACCOUNTS.items():
            self.stage.proxy.use(kiro_account(name, self.stage.emulator.url, binding=binding))
            self.stage.proxy.admin("POST", f"/api/accounts/{self.stage.proxy.account}/test")
            for model in (CLAUDE, self.native.model):
                for stream in (False, True):
                    messages = [user(colourful(nonce()))]
                    self.ask("/v1/messages", model=model, max_tokens=100, messages=messages, stream=stream)
            self.everything_said()

    def no_refusals(self):
        # Throttling is asked for, and who signed in with a Builder ID has no profiles, which only asking tells.
        requests = self.stage.requests()
        wrong = {
            f"{request.operation} {request.refused} {request.why}"
            for request in requests
            if request.refused
            and not (request.refused["status"] == 429 and b"[[fault:throttle" in request.body)
            and (request.operation, request.caller) != ("ListAvailableProfiles", "builder-id")
        }
        need(not wrong, lambda: f"{len(wrong)} refused: {'; '.join(sorted(wrong)[:5])}")
        self.all_seen()

    def all_seen(self):
        """What was judged must have held all that there is to judge."""
        chats = self.chats()
        bodies = [request.body for request in chats]
        seen = {
            "every account": {request.caller for request in chats} == {"social", *OTHER_ACCOUNTS},
            "both bindings": {request.path for request in chats} == {"/", kiro_rules.REST_PATH},
            "a failed tool": any(b'"status":"error"' in body for body in bodies),
            "a picture": any(b'"images":[' in body for body in bodies),
            "a thought": any(b'"reasoningText"' in body for body in bodies),
            "a thought in words": any(b"<thinking_mode>" in body for body in bodies),
            "fields of a model": any(b'"additionalModelRequestFields"' in body for body in bodies),
        }
        need(all(seen.values()), lambda: f"not seen: {[what for what, was in seen.items() if not was]}")

    def each(self, check):
        """Holds every chat against `check`; fails with how many did not pass, and the first of each reason."""
        self.catch_up()
        chats = self.chats()
        reasons = {}
        for request in chats:
            try:
                check(request)
            except Failed as failed:
                reasons.setdefault(str(failed)[:300], []).append(request)
        need(not reasons, lambda: "; ".join(f"{len(bad)} of {len(chats)}: {why}" for why, bad in reasons.items()))

    def notices(self):
        """Damage of every kind must be found, else the checks before this one mean nothing."""
        chat = next(r for r in self.chats() if b"reasoningText" in r.body and b'"toolResults"' in r.body and _calls(r))
        kiro_rules.check_headers(chat)
        kiro_rules.check_body(chat)
        for name, change in DAMAGES.items():
            body = json.loads(chat.body)
            change(body["conversationState"])
            damaged = dataclasses.replace(chat, body=json.dumps(body).encode())
            _must_fail(name, lambda: kiro_rules.check_body(damaged))
        for header in ("content-type", "x-amz-target", "x-amzn-codewhisperer-optout", "user-agent", "authorization"):
            headers = [(key, "x" if key == header else value) for key, value in chat.headers]
            damaged = dataclasses.replace(chat, headers=headers)
            _must_fail(header, lambda: kiro_rules.check_headers(damaged))
        added = dataclasses.replace(chat, headers=[*chat.headers, ("tokentype", "API_KEY")])
        _must_fail("tokentype", lambda: kiro_rules.check_headers(added))


def _calls(request):
    """Whether the last turn has calls, which are answered now."""
    history = json.loads(request.body)["conversationState"]["history"]
    return bool(history and history[-1]["assistantResponseMessage"].get("toolUses"))


def _user(state):
    return state["currentMessage"]["userInputMessage"]


def _context(state):
    return _user(state)["userInputMessageContext"]


def _last(state):
    return state["history"][-1]["assistantResponseMessage"]


def _doubled(values):
    values.append(copy.deepcopy(values[0]))


# One rule each.
DAMAGES = {
    "an unknown member": lambda state: state.update(inferenceConfig={}),
    "another trigger": lambda state: state.update(chatTriggerType="AUTO"),
    "no history's end": lambda state: state["history"].pop(),
    "no history's beginning": lambda state: state["history"].pop(0),
    "two turns of one": lambda state: state["history"].insert(1, copy.deepcopy(state["history"][1])),
    "two members": lambda state: state["history"][0].update(assistantResponseMessage={"content": "x"}),
    "no words": lambda state: _user(state).update(content=""),
    "no words of the model": lambda state: _last(state).update(content=""),
    "an unanswered call": lambda state: _context(state)["toolResults"].pop(),
    "an answer twice": lambda state: _doubled(_context(state)["toolResults"]),
    "an answer to nothing": lambda state: _context(state)["toolResults"][0].update(toolUseId="other"),
    "a call twice": lambda state: _doubled(_last(state)["toolUses"]),
    "a call's id": lambda state: [
        _last(state)["toolUses"][0].update(toolUseId="functions.x:0"),
        _context(state)["toolResults"][0].update(toolUseId="functions.x:0"),
    ],
    "arguments as text": lambda state: _last(state)["toolUses"][0].update(input="{}"),
    "a result without content": lambda state: _context(state)["toolResults"][0].update(content=[]),
    "no tools": lambda state: _context(state).pop("tools"),
    "a tool twice": lambda state: _doubled(_context(state)["tools"]),
    "a tool's name": lambda state: _context(state)["tools"][0]["toolSpecification"].update(name="a.b"),
    "a tool's description": lambda state: _context(state)["tools"][0]["toolSpecification"].update(description=""),
    "a schema's keyword": lambda state: _context(state)["tools"][0]["toolSpecification"]["inputSchema"]["json"].update(
        properties={"a": {"type": "object", "additionalProperties": False}}
    ),
    "a flat thought": lambda state: _last(state).update(reasoningContent={"text": "x"}),
    "an image that is none": lambda state: _user(state).update(images=[{"format": "png", "source": {"bytes": "QUJD"}}]),
}


def _must_fail(name, check):
    try:
        check()
    except Failed:
        return
    raise Failed(f"{name} was not noticed")


def run(stage):
    suite = Suite(stage)
    checks = {
        "everything-said": suite.everything_said,
        "own-thoughts": suite.own_thoughts,
        "one-conversation": suite.one_conversation,
        "every-model": suite.every_model,
        "other-accounts": suite.other_accounts,
        "requests-valid": lambda: suite.each(kiro_rules.check_body),
        "headers": lambda: suite.each(kiro_rules.check_headers),
        "no-refusal": suite.no_refusals,
        "damage-noticed": suite.notices,
    }
    for name, check in checks.items():
        stage.check(NAME, name, check)
    seen = Counter(request.operation for request in stage.requests())
    print("   ", ", ".join(f"{count} {operation}" for operation, count in seen.most_common()), flush=True)
