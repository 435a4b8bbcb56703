"""What the checks say to the model, and what it says back.

The emulator repeats the last user text as `echo: ...`, calls the tool that `[[tool:NAME JSON]]` names in a prompt or a
tool result when the request has it, answers other tool results with `tool said: ...`, and fails as `[[fault:...]]`
spells.
"""

import itertools
import os

# The model that checks ask where they do not say another one. Every upstream has it.
CLAUDE = "claude-sonnet-4-5"

CALL = '[[tool:get_weather {"city":"Paris"}]]'
CALL_TWICE = CALL + '[[tool:get_weather {"city":"Rome"}]]'
THROTTLE = "[[fault:throttle]]"
THROTTLE_ONCE = "[[fault:throttle 1]]"
# Some frames first: a model may think before it speaks, and the words must have begun.
BREAK = "[[fault:exception-after 16 throttlingException]]"
# As many bytes, then the connection is gone.
CUT = "[[fault:cut-after 4000]]"
# Some words, then silence: only the client's leaving ends it.
STALL = "[[fault:stall-after 16]]"
PACE = "[[fault:pace 60]]"
DELAY = "[[fault:delay 8000]]"
LONG = "many words " * 60

# 16 x 16 pixels of one colour.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAF0lEQVR4nGP4z8BAEiJN9aiGUQ1DSgMAkPn/Afnh+ngAAAAASUVORK5CYII="
)

_numbers = itertools.count(1)


def nonce():
    """A word that no other prompt holds, of this run or another."""
    return f"n{os.getpid()}x{next(_numbers)}"


def hello(mark):
    """A plain prompt."""
    return f"say hello {mark}"


def colourful(mark):
    """A prompt whose characters take one to four bytes, so that a wrong cut shows."""
    return f"naïve 日本語 🌍 {mark} ÿ end"


def get_weather(city):
    """The tool. The number shows that it ran."""
    return f"sunny-{city}-{40 + 2}"
