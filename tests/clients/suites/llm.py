"""`llm` with its plugin for Anthropic: messages and chat."""

import base64
import json
import os
import signal

from harness.report import need
from harness.words import BREAK, CALL, CLAUDE, LONG, PACE, PNG, THROTTLE_ONCE, colourful, hello, nonce
from suites.cli import Cli
from suites.leaving import upstream_ends

NAME = "llm"
# The plugin has names of its own.
MODELS = {"messages": "claude-sonnet-4.5", "chat": "local"}
TOOL = '''
def get_weather(city: str) -> str:
    "The weather of a city"
    return "sunny-%s-%d" % (city, 40 + 2)
'''


class Suite:
    """The checks. Each starts the program anew."""

    def __init__(self, stage):
        self.stage = stage
        program = os.path.join(os.path.dirname(stage.other_python), "llm" + (".exe" if os.name == "nt" else ""))
        surroundings = {"ANTHROPIC_BASE_URL": stage.proxy.url, "ANTHROPIC_API_KEY": stage.proxy.key}
        self.cli = Cli(stage, NAME, program, PYTHONUTF8="1", **surroundings)
        models = [("local", CLAUDE), *((name, other.model) for name, other in stage.upstream.others.items())]
        known = [
            {
                "model_id": name, "model_name": model, "api_base": stage.proxy.url + "/v1", "api_key_name": "local",
                "supports_tools": True, "vision": True,
            }
            for name, model in models
        ]
        # Every JSON is YAML.
        listed = self.cli.file("llm/extra-openai-models.yaml", json.dumps(known))
        self.cli.file("llm/keys.json", json.dumps({"local": stage.proxy.key}))
        self.cli.environment["LLM_USER_PATH"] = os.path.dirname(listed)

    def says(self, model, *arguments):
        return self.cli.say("-m", MODELS.get(model, model), *arguments)

    def plain(self, wire):
        prompt = hello(nonce())
        said = self.says(wire, "--no-stream", prompt)
        need(said.strip() == "echo: " + prompt, said)

    def stream(self, wire):
        prompt = colourful(nonce())
        said = self.says(wire, prompt)
        need(said.strip() == "echo: " + prompt, said)

    def tool(self, wire):
        said = self.says(wire, "--functions", TOOL, CALL)
        need(said.strip().endswith("tool said: sunny-Paris-42"), said)

    def image(self, wire):
        mark = nonce()
        picture = self.cli.file("pixels.png", base64.b64decode(PNG))
        said = self.says(wire, "-a", picture, hello(mark))
        need(said.strip() == "echo: " + hello(mark), said)
        need(any(PNG.encode() in request.body for request in self.stage.emulator.about(mark)), "the image is gone")

    def rate_limit_once(self):
        """It waits as it is told to, and asks again."""
        mark = nonce()
        said = self.says("messages", THROTTLE_ONCE + hello(mark))
        need(said.startswith("echo: ") and mark in said, said)

    def error_mid_stream(self, wire):
        said = self.says(wire, f"{BREAK} {nonce()} {LONG}")
        need("echo: " in said and "Error: " in said and "Too many requests" in said, said)

    def cancel(self, wire):
        mark = nonce()
        process = self.cli.start("-m", MODELS[wire], f"{PACE} {mark} {LONG}")
        try:
            process.stdin.close()
            need(process.stdout.read(5) == b"echo:", "nothing was heard")
            upstream_ends(self.stage, mark, lambda: process.send_signal(signal.SIGINT))
        finally:
            process.kill()
            process.stdout.close()
            process.wait()


def run(stage):
    suite = Suite(stage)
    checks = {}
    # The wires part before anything of the upstream: one round through both of them tells.
    for wire in ["messages"] if stage.upstream.prefix else MODELS:
        checks |= {
            f"{wire}-plain": lambda wire=wire: suite.plain(wire),
            f"{wire}-stream": lambda wire=wire: suite.stream(wire),
            f"{wire}-tool": lambda wire=wire: suite.tool(wire),
            f"{wire}-image": lambda wire=wire: suite.image(wire),
            f"{wire}-error-mid-stream": lambda wire=wire: suite.error_mid_stream(wire),
        }
        if os.name == "posix":
            # Windows has no signal that only this child would get.
            checks[f"{wire}-cancel"] = lambda wire=wire: suite.cancel(wire)
    if not stage.upstream.prefix:
        checks["rate-limit-once"] = suite.rate_limit_once
    for name in stage.upstream.others:
        checks[f"{name}-tool"] = lambda name=name: suite.tool(name)
    for name, check in checks.items():
        stage.check(NAME, name, check)
