"""A session of Claude Code, turn after turn, as it was captured: what its own requests hold, with words of ours.

The fixtures are its surroundings in print mode (`agent`) and in a terminal (`interactive`), and one session with all
that was seen in sessions. Long texts are given by their length.
"""

import copy
import itertools
import json
import os

from harness import turns
from harness.report import Failed, need
from harness.words import CLAUDE, PNG, nonce

NAME = "long-session"
FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fixtures")
TURNS = 20
WORDS = "lorem ipsum dolor sit amet "
_numbers = itertools.count(1)


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
    """Words that no other filler has, so that one is not taken for another."""
    return (f"{next(_numbers)} " + WORDS * (length // len(WORDS) + 1))[:length]


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
        self.compared = {}
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

    def replay(self, form, model, thoughts, pictures=True):
        """Every turn is answered, and all that was said in the session arrives, in order."""
        count = 0
        for captured, body in self.requests(form, model, pictures):
            count += 1
            mark = nonce()
            body["metadata"] = {"user_id": json.dumps({"device_id": "d", "account_uuid": "", "session_id": mark})}
            body["system"] = [*body["system"], {"type": "text", "text": mark}]
            status, answer = self.stage.proxy.call("POST", captured["target"], body, **headers(captured))
            need(status == 200, lambda: f"turn {count}: {status} {answer[:600]}")
            kinds = [line[len("event: ") :] for line in answer.splitlines() if line.startswith("event: ")]
            need(kinds[0] == "message_start" and kinds[-1] == "message_stop", lambda: f"turn {count}: {answer[-600:]}")
            need('"text_delta"' in answer, lambda: f"turn {count}: no words in {answer[-600:]}")
            seen = self.stage.emulator.about(mark)
            refused = [(request.refused, request.why) for request in seen if request.refused]
            need(seen and not refused, lambda: f"turn {count}: {refused}")
        need(count > TURNS, f"only {count} turns")
        said, heard = turns.Reader().anthropic(body["messages"]), turns.received(seen[-1].body)
        turns.check(said, heard, thoughts)
        self.compared[form, model] = said, heard, thoughts

    def notices(self):
        """What is lost must be found, else the checks before this one mean nothing."""
        need(self.compared, "nothing was compared")
        for (form, model), (said, heard, thoughts) in self.compared.items():
            for what, damaged in damages(said, heard):
                try:
                    turns.check(said, damaged, thoughts)
                except Failed:
                    continue
                raise Failed(f"{form} to {model}: nobody misses {what}")

    def counted(self, form):
        """What it asks for `/context`."""
        *_, (captured, body) = self.requests(form, CLAUDE, True)
        asked = {name: body[name] for name in ("model", "messages", "tools", "system")}
        target = captured["target"].replace("/messages", "/messages/count_tokens")
        status, answer = self.stage.proxy.call("POST", target, asked, **headers(captured))
        need(status == 200 and json.loads(answer)["input_tokens"] > 10_000, lambda: f"{status} {answer[:600]}")


def none(thoughts):
    """For models that think for themselves, or not at all."""
    return []


def signed(thoughts):
    """All but those that were cut off before their signature, which nobody takes."""
    return [thought for thought in thoughts if isinstance(thought, str) or thought[1]]


def last_signed(thoughts):
    """Kiro has place for one in a turn."""
    return signed(thoughts)[-1:]


def damages(said, heard):
    """What was heard without a piece of what was said, for each piece, and what that is."""
    for at, turn in enumerate(said):
        for name in ("calls", "thoughts", "pictures"):
            for place in range(len(getattr(heard[at], name))):
                yield f"{name} {place} of turn {at}", without(heard, at, lambda turn: getattr(turn, name).pop(place))
        for call, result in turn.results.items():
            yield f"result {call}", without(heard, at, lambda turn: turn.results.pop(call))
            for text in filter(str.strip, result.texts):
                yield f"{text[:60]!r} in result {call}", without(heard, at, lambda turn: cut(turn.results[call].texts, text))
        for text in filter(str.strip, turn.texts):
            yield f"{text[:60]!r} in turn {at}", without(heard, at, lambda turn: cut(turn.texts, text))
        for page in turn.documents:
            yield f"document {page!r}", without(heard, at, lambda turn: (turn.documents.clear(), cut(turn.texts, page)))
        yield f"turn {at}", heard[:at] + heard[at + 1 :]


def without(heard, at, change):
    damaged = copy.deepcopy(heard)
    change(damaged[at])
    return damaged


def cut(texts, text):
    texts[:] = [place.replace(text.strip(), "", 1) for place in texts]


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
    # In Kiro the first model has its thoughts in words.
    own = none if stage.upstream.prefix else signed
    checks = {
        "agent": lambda: suite.replay("agent", CLAUDE, own),
        "interactive": lambda: suite.replay("interactive", CLAUDE, own),
        "count-tokens": lambda: suite.counted("interactive"),
    }

    def others(other):
        wanted = last_signed if other.signs else none
        return {
            "agent": lambda: suite.replay("agent", other.seeing or other.model, wanted, bool(other.seeing)),
            "interactive": lambda: suite.replay("interactive", other.model, wanted, other.model == other.seeing),
        }

    checks |= stage.upstream.named(others)
    checks["damage-noticed"] = suite.notices
    for name, check in checks.items():
        stage.check(NAME, name, check)
