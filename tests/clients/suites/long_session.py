"""A session of Claude Code, turn after turn, as it was captured: what its own requests hold, with words of ours.

The fixtures are its surroundings in print mode (`agent`) and in a terminal (`interactive`), and one session with all
that was seen in sessions. Long texts are given by their length.
"""

import copy
import json
import os

from harness.report import need
from harness.words import CLAUDE, PNG, nonce

NAME = "long-session"
FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fixtures")
TURNS = 20
WORDS = "lorem ipsum dolor sit amet "


def spelled(value):
    """The value with its long texts and pictures written out."""
    if isinstance(value, list):
        return [spelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"filler"}:
        return filler(value["filler"])
    if set(value) == {"reminder"}:
        inner = filler(value["reminder"] - len("<system-reminder>\n\n</system-reminder>"))
        return f"<system-reminder>\n{inner}\n</system-reminder>"
    if set(value) == {"png"}:
        return PNG
    return {name: spelled(item) for name, item in value.items()}


def filler(length):
    return (WORDS * (length // len(WORDS) + 1))[:length]


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return [spelled(json.loads(line)) for line in file] if name.endswith("l") else spelled(json.load(file))


def blocks(message):
    return message["content"] if isinstance(message["content"], list) else []


class Suite:
    """The checks."""

    def __init__(self, stage):
        self.stage = stage
        self.session = read("claude-code-session.jsonl")
        calling = [m for m in self.session if any(block["type"] == "tool_use" for block in blocks(m))]
        need(len(calling) >= TURNS, f"only {len(calling)} turns with tools")

    def requests(self, form, model, pictures):
        """Each request of the session: its headers, target, and body."""
        captured = read(f"claude-code-{form}.json")
        body = captured["body"] | {"model": model}
        messages = body["messages"]
        for at, message in enumerate(self.session):
            if message["role"] == "system" and form == "agent":
                continue  # its reminders are the user's
            if message["role"] == "assistant" and messages[-1]["role"] != "assistant":
                yield captured, body | {"messages": marked(messages)}
            messages.append(message if pictures else without_pictures(message))
        yield captured, body | {"messages": marked(messages)}

    def replay(self, form, model, pictures=True):
        """Every turn is answered, and the last word of the person arrives."""
        turns = 0
        for captured, body in self.requests(form, model, pictures):
            turns += 1
            mark = nonce()
            body["metadata"] = {"user_id": json.dumps({"device_id": "d", "account_uuid": "", "session_id": mark})}
            body["system"] = [*body["system"], {"type": "text", "text": mark}]
            status, answer = self.stage.proxy.call("POST", captured["target"], body, **headers(captured))
            need(status == 200, lambda: f"turn {turns}: {status} {answer[:600]}")
            kinds = [line[len("event: ") :] for line in answer.splitlines() if line.startswith("event: ")]
            need(kinds[0] == "message_start" and kinds[-1] == "message_stop", lambda: f"turn {turns}: {answer[-600:]}")
            need('"text_delta"' in answer, lambda: f"turn {turns}: no words in {answer[-600:]}")
            seen = self.stage.emulator.about(mark)
            refused = [(request.refused, request.why) for request in seen if request.refused]
            need(seen and not refused, lambda: f"turn {turns}: {refused}")
        need(turns > TURNS, f"only {turns} turns")
        sent = "\n".join(strings(json.loads(seen[-1].body)))
        missing = [text for text in self.spoken(form) if text not in sent]
        need(not missing, lambda: f"{len(missing)} texts did not arrive: {str(missing)[:600]}")

    def spoken(self, form):
        """Every word of the session that any model must get: thoughts may be kept back."""
        for message in self.session:
            if message["role"] == "system" and form == "agent":
                continue
            yield from words(message["content"])

    def counted(self, form):
        """What it asks for `/context`."""
        *_, (captured, body) = self.requests(form, CLAUDE, True)
        asked = {name: body[name] for name in ("model", "messages", "tools", "system")}
        target = captured["target"].replace("/messages", "/messages/count_tokens")
        status, answer = self.stage.proxy.call("POST", target, asked, **headers(captured))
        need(status == 200 and json.loads(answer)["input_tokens"] > 10_000, lambda: f"{status} {answer[:600]}")


def words(content):
    """What is said, called with and answered in the content of a message."""
    if isinstance(content, str):
        yield content
        return
    for block in content:
        if block["type"] == "text":
            yield block["text"]
        elif block["type"] == "tool_use":
            yield from strings(block["input"])
        elif block["type"] == "tool_result":
            yield from words(block.get("content", ""))


def strings(value):
    """All strings in a JSON value."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(item)


def headers(captured):
    return {name.replace("-", "_"): value for name, value in captured["headers"].items()}


def marked(messages):
    """The messages with a cache point at their end, as they are sent."""
    messages = [*messages[:-1], copy.deepcopy(messages[-1])]
    if isinstance(messages[-1]["content"], str):
        messages[-1]["content"] = [{"type": "text", "text": messages[-1]["content"]}]
    messages[-1]["content"][-1]["cache_control"] = {"type": "ephemeral"}
    return messages


def without_pictures(message):
    """The message for models that see none."""
    if isinstance(message["content"], str):
        return message
    kept = []
    for block in message["content"]:
        inner = block.get("content")
        if isinstance(inner, list):
            block = block | {"content": [part for part in inner if part["type"] != "image"]}
        if block["type"] != "image":
            kept.append(block)
    return message | {"content": kept}


def run(stage):
    suite = Suite(stage)
    checks = {
        "agent": lambda: suite.replay("agent", CLAUDE),
        "interactive": lambda: suite.replay("interactive", CLAUDE),
        "count-tokens": lambda: suite.counted("interactive"),
    }
    checks |= stage.upstream.named(
        lambda other: {
            "agent": lambda: suite.replay("agent", other.seeing or other.model, bool(other.seeing)),
            "interactive": lambda: suite.replay("interactive", other.model, other.model == other.seeing),
        }
    )
    for name, check in checks.items():
        stage.check(NAME, name, check)
