"""Instructor: answers of a given shape, through the official SDKs that it wants. Asked for checks on standard input."""

import json
import os
import sys
import traceback

import anthropic
import instructor
import openai
from pydantic import BaseModel

BASE, KEY, CLAUDE, OTHERS = sys.argv[1:5]
MODES = {"chat": instructor.Mode.TOOLS, "messages": instructor.Mode.ANTHROPIC_TOOLS}


class Place(BaseModel):
    city: str
    people: int


def call(**given):
    """Streamed, the tool has another name."""
    return "".join(f"[[tool:{name} {json.dumps(given)}]]" for name in ("Place", "PartialPlace"))


def client(wire):
    if wire == "messages":
        below = anthropic.Anthropic(api_key=KEY, base_url=BASE, max_retries=0, timeout=30)
        return instructor.from_anthropic(below, mode=MODES[wire])
    below = openai.OpenAI(api_key=KEY, base_url=BASE + "/v1", max_retries=0, timeout=30)
    return instructor.from_openai(below, mode=MODES[wire])


def asked(prompt, model):
    return {"model": model, "max_tokens": 500, "messages": [{"role": "user", "content": prompt}]}


def need(condition, what):
    if not condition:
        raise ValueError(what)


def whole(wire, model=CLAUDE):
    place = client(wire).chat.completions.create(
        response_model=Place, max_retries=0, **asked(call(city="Paris", people=2), model)
    )
    need((place.city, place.people) == ("Paris", 2), place)


def stream(wire, model=CLAUDE):
    prompt = asked(call(city="Zürich 日本 🌍", people=3), model)
    pieces = list(client(wire).chat.completions.create_partial(response_model=Place, max_retries=0, **prompt))
    need(pieces and pieces[-1].city == "Zürich 日本 🌍" and pieces[-1].people == 3, pieces)


def corrected(wire):
    """An answer that does not fit is sent back with what is wrong with it. A model that is made to answer by a tool
    does better then; one that is asked to says it does not know."""
    try:
        place = client(wire).chat.completions.create(
            response_model=Place, max_retries=2, **asked(call(city="Paris", people="many"), CLAUDE)
        )
    except Exception as error:
        need("people" in str(error) and "valid integer" in str(error), repr(error))
    else:
        need(isinstance(place.people, int), place)


def rate_limit(wire):
    try:
        client(wire).chat.completions.create(
            response_model=Place, max_retries=0, **asked(f"[[fault:throttle]] {os.getpid()}{wire}", CLAUDE)
        )
    except Exception as error:
        need("429" in str(error), repr(error))
    else:
        need(False, "no exception")


CHECKS = {
    f"{wire}-{check.__name__.replace('_', '-')}": lambda check=check, wire=wire: check(wire)
    for wire in MODES
    for check in (whole, stream, corrected, rate_limit)
}
for name, other in json.loads(OTHERS).items():
    CHECKS[f"{name}-stream"] = lambda other=other: stream("messages", other["model"])
    CHECKS[f"{name}-whole"] = lambda other=other: whole("chat", other["model"])


def say(**line):
    print(json.dumps(line), flush=True)


say(checks=list(CHECKS))
for line in sys.stdin:
    try:
        CHECKS[line.strip()]()
        say(ok=True)
    except Exception as error:  # SDKs raise what they like
        traceback.print_exc()
        say(ok=False, why=f"{type(error).__name__}: {error}")
