"""A conversation as an upstream receives it, whatever its format: turn by turn, in order."""

import base64
import json
from dataclasses import dataclass, field

from .report import need


@dataclass
class Result:
    """What a tool gave back."""

    texts: list
    failed: bool


@dataclass
class Turn:
    """All that one side said before the other side spoke."""

    role: str
    texts: list = field(default_factory=list)
    # Name and input of each.
    calls: list = field(default_factory=list)
    # By the place of their call among all calls.
    results: dict = field(default_factory=dict)
    # Each as it must come back: words and signature, or what is sealed.
    thoughts: list = field(default_factory=list)
    pictures: list = field(default_factory=list)
    documents: list = field(default_factory=list)


class Reader:
    """Makes turns of messages."""

    def __init__(self):
        self.turns = []
        self.places = {}

    def turn(self, role):
        role = "assistant" if role == "assistant" else "user"
        if not self.turns or self.turns[-1].role != role:
            self.turns.append(Turn(role))
        return self.turns[-1]

    def called(self, turn, id_, name, given):
        self.places[id_] = len(self.places)
        turn.calls.append((name, given))

    def answered(self, turn, id_, texts, failed):
        place = self.places[id_]
        need(place not in turn.results, lambda: f"call {place} is answered twice")
        turn.results[place] = Result(texts, failed)

    def anthropic(self, messages):
        """Anthropic's own format: from a client, or to InvokeModel."""
        for message in messages:
            turn = self.turn(message["role"])
            for block in _list(message["content"]):
                self._anthropic_block(turn, block)
        return self.turns

    def _anthropic_block(self, turn, block):
        kind = block["type"]
        if kind == "text":
            turn.texts.append(block["text"])
        elif kind == "tool_use":
            self.called(turn, block["id"], block["name"], block["input"])
        elif kind == "thinking":
            turn.thoughts.append((block["thinking"], block["signature"]))
        elif kind == "redacted_thinking":
            turn.thoughts.append(block["data"])
        elif kind == "image":
            turn.pictures.append(block["source"]["data"])
        elif kind == "document":
            turn.documents.append(block["source"]["data"])
        else:
            need(kind == "tool_result", lambda: block)
            inner = _list(block.get("content", []))
            turn.pictures += [part["source"]["data"] for part in inner if part["type"] == "image"]
            # The name of a tool that was found is all that there is to say of it.
            texts = [part["text" if part["type"] == "text" else "tool_name"] for part in inner if part["type"] != "image"]
            self.answered(turn, block["tool_use_id"], texts, bool(block.get("is_error")))

    def converse(self, messages):
        """Bedrock's format for all models."""
        for message in messages:
            turn = self.turn(message["role"])
            for block in message["content"]:
                self._converse_block(turn, block)
        return self.turns

    def _converse_block(self, turn, block):
        (kind, value), = block.items()
        if kind == "text":
            turn.texts.append(value)
        elif kind == "toolUse":
            self.called(turn, value["toolUseId"], value["name"], value["input"])
        elif kind == "image":
            turn.pictures.append(value["source"]["bytes"])
        elif kind == "document":
            turn.documents.append(base64.b64decode(value["source"]["bytes"]).decode())
        elif kind == "toolResult":
            turn.pictures += [part["image"]["source"]["bytes"] for part in value["content"] if "image" in part]
            texts = [part["text"] for part in value["content"] if "text" in part]
            self.answered(turn, value["toolUseId"], texts, value["status"] == "error")
        else:
            need(kind == "cachePoint", lambda: block)

    def kiro(self, state):
        """Kiro's format. The first two entries stand for the system prompt."""
        for entry in [*state["history"][2:], state["currentMessage"]]:
            (kind, message), = entry.items()
            turn = self.turn("user" if kind == "userInputMessage" else "assistant")
            turn.texts.append(message["content"])
            for call in message.get("toolUses", []):
                self.called(turn, call["toolUseId"], call["name"], call["input"])
            for thought in [message["reasoningContent"]] if "reasoningContent" in message else []:
                words = thought.get("reasoningText")
                turn.thoughts.append((words["text"], words["signature"]) if words else thought["redactedContent"])
            turn.pictures += [picture["source"]["bytes"] for picture in message.get("images", [])]
            turn.documents += [base64.b64decode(page["source"]["bytes"]).decode() for page in message.get("documents", [])]
            for result in message.get("userInputMessageContext", {}).get("toolResults", []):
                texts = [part["text"] for part in result["content"]]
                self.answered(turn, result["toolUseId"], texts, result["status"] == "error")
        return self.turns


def received(body):
    """The turns of a request's body."""
    read = json.loads(body)
    if "conversationState" in read:
        return Reader().kiro(read["conversationState"])
    return Reader().anthropic(read["messages"]) if "anthropic_version" in read else Reader().converse(read["messages"])


def _list(content):
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def check(said, heard, thoughts, longest_name=64):
    """Fails unless all that was `said` was `heard`, in order. `thoughts` tells which of a turn's are wanted. Words may
    stand beside others, and names that an upstream has no room for may be other ones."""
    roles = [turn.role for turn in heard]
    need(roles == [turn.role for turn in said], lambda: f"{len(said)} turns became {roles}")
    for at, (wanted, got) in enumerate(zip(said, heard, strict=True)):
        place = lambda what: lambda: f"turn {at}: {what} of {str(wanted)[:900]} became {str(got)[:900]}"
        need(_in_order(wanted.texts, got.texts), place("texts"))
        need([given for _, given in wanted.calls] == [given for _, given in got.calls], place("calls"))
        same = all(a == b or len(a) > longest_name for (a, _), (b, _) in zip(wanted.calls, got.calls, strict=True))
        need(same, place("names"))
        need(wanted.results.keys() == got.results.keys(), place("results"))
        for call, result in wanted.results.items():
            need(result.failed == got.results[call].failed, place(f"failure {call}"))
            need(_in_order(result.texts, got.results[call].texts), place(f"result {call}"))
        need(thoughts(wanted.thoughts) == got.thoughts, place("thoughts"))
        need(wanted.pictures == got.pictures, place("pictures"))
        # A model that takes none is given what is in them.
        need(wanted.documents == got.documents or _in_order(wanted.documents, got.texts), place("documents"))


def _in_order(texts, places):
    """Whether each text is found after the one before it. One of spaces need not be."""
    whole, at = "\n".join(places), 0
    for text in filter(str.strip, texts):
        found = whole.find(text.strip(), at)
        if found < 0:
            return False
        at = found + len(text.strip())
    return True
