"""opencode in `run` mode, through each of the three providers that come with it. It always streams."""

import base64
import json
import os
import signal
import subprocess

from harness.report import need
from harness.words import CLAUDE, CUT, LONG, PACE, PNG, THROTTLE_ONCE, colourful, hello, nonce
from suites.cli import Cli, machine
from suites.leaving import upstream_ends

NAME = "opencode"
# The shell must really run for `needle-42` to be said.
COMMAND = '[[tool:bash {"command":"echo needle-$((40+2))","description":"d"}]]'
# What it does not ask for again, after some words.
REFUSE = "[[fault:exception-after 16 validationException]]"
# A failure is asked for again some times, with growing pauses; a stream that only ends hundreds of times, without any.
MOST, PATIENCE = 5, 10
# What it asks with each, and what makes a model think there.
PROVIDERS = {
    "messages": ("@ai-sdk/anthropic", {"thinking": {"type": "enabled", "budgetTokens": 4000}}),
    "chat": ("@ai-sdk/openai-compatible", {"reasoningEffort": "high"}),
    "responses": ("@ai-sdk/openai", {"reasoningEffort": "high", "reasoningSummary": "auto"}),
}


def binary(modules):
    """The program of this platform; `None` where its package was not to be had."""
    system, processor = machine()
    system, ending = ("windows", ".exe") if system == "win32" else (system, "")
    path = os.path.join(modules, "node_modules", f"opencode-{system}-{processor}", "bin", "opencode" + ending)
    return path if os.path.exists(path) else None


# It must not look for newer ones of anything.
QUIET = {name: "1" for name in ("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_LSP_DOWNLOAD")}


class Suite:
    """The checks. Each starts the program anew."""

    def __init__(self, stage):
        self.stage = stage
        self.cli = Cli(stage, NAME, binary(stage.modules), **QUIET)
        models = [CLAUDE, *(other.model for other in stage.upstream.others.values())]
        seeing = {"attachment": True, "modalities": {"input": ["text", "image"], "output": ["text"]}}
        providers = {}
        for name, (package, thinking) in PROVIDERS.items():
            known = {model: {"name": model} | seeing for model in models}
            known[f"{CLAUDE}-thinking"] = {"id": CLAUDE, "name": "t", "reasoning": True, "options": thinking} | seeing
            options = {"baseURL": stage.proxy.url + "/v1", "apiKey": stage.proxy.key}
            providers[name] = {"npm": package, "name": name, "options": options, "models": known}
        config = {"autoupdate": False, "share": "disabled", "permission": {"*": "allow"}, "provider": providers}
        self.cli.file(".config/opencode/opencode.json", json.dumps(config))

    def start(self, wire, model, *arguments):
        return self.cli.start("run", "--format", "json", "-m", f"{wire}/{model}", *arguments)

    def events(self, wire, prompt, *arguments, model=CLAUDE):
        """What it prints as JSON lines, and all that it prints."""
        asked = ["run", "--format", "json", "-m", f"{wire}/{model}", *arguments]
        said = self.cli.say(*asked, given=prompt)
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")], said

    def words(self, *asked, **more):
        """The texts of its answer."""
        events, said = self.events(*asked, **more)
        texts = [event["part"]["text"] for event in events if event["type"] == "text"]
        need(texts, lambda: said[-1500:])
        return texts

    def plain(self):
        """What a person reads."""
        prompt = hello(nonce())
        said = self.cli.say("run", "-m", f"messages/{CLAUDE}", prompt)
        need("echo: " in said and prompt in said.split("echo: ", 1)[1], lambda: said[-1500:])

    def thinking(self, wire):
        prompt = colourful(nonce())
        events, said = self.events(wire, prompt, "--thinking", model=f"{CLAUDE}-thinking")
        kinds = [event["type"] for event in events if event["type"] in ("reasoning", "text")]
        need(kinds == ["reasoning", "text"], lambda: said[-1500:])
        words = next(event["part"]["text"] for event in events if event["type"] == "text")
        need("echo: " in words and prompt in words, lambda: words)

    def tool(self, wire, model=CLAUDE):
        words = self.words(wire, COMMAND, model=model)
        need(words[-1].startswith("tool said: needle-42"), lambda: words)

    def image(self, wire):
        mark = nonce()
        picture = self.cli.file("pixels.png", base64.b64decode(PNG))
        words = self.words(wire, hello(mark), "-f", picture)
        need(mark in words[-1], lambda: words)
        seen = self.stage.emulator.about(mark)
        need(any(PNG.encode() in request.body for request in seen), "the image is gone")

    def error(self, wire):
        """It says why, once."""
        mark = nonce()
        events, said = self.events(wire, f"{REFUSE} {mark} {LONG}", "--title", mark)
        need([event["type"] for event in events][-1] == "error", lambda: said[-1500:])
        need("too long" in json.dumps(events[-1]), lambda: events)
        asked = len(self.stage.emulator.about(mark))
        need(asked == 1, f"{asked} requests")

    def cut(self, wire):
        """A stream that breaks is not asked for again without end."""
        mark = nonce()
        process = self.start(wire, CLAUDE, "--title", mark)
        process.stdin.write(f"{CUT} {mark} {LONG}".encode())
        process.stdin.close()
        try:
            need(self.stage.emulator.wait_for(mark, 60), "nothing was asked")
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            pass  # within one of its pauses
        finally:
            process.kill()
            process.stdout.close()
            process.wait()
        asked = len(self.stage.emulator.about(mark))
        need(0 < asked <= MOST, f"{asked} requests in {PATIENCE} s")

    def rate_limit_once(self):
        """It waits as it is told to, and asks again."""
        mark = nonce()
        words = self.words("messages", THROTTLE_ONCE + hello(mark), "--title", mark)
        need(mark in words[-1], lambda: words)

    def cancel(self, wire):
        mark = nonce()
        process = self.start(wire, CLAUDE, "--title", mark)
        try:
            process.stdin.write(f"{PACE} {mark} {LONG}".encode())
            process.stdin.close()
            need(self.stage.emulator.wait_for(mark, 30), "nothing was asked")
            upstream_ends(self.stage, mark, lambda: process.send_signal(signal.SIGINT))
        finally:
            process.kill()
            process.stdout.close()
            process.wait()


def run(stage):
    if binary(stage.modules) is None:
        stage.report.skip(stage.upstream.prefix + NAME, "all", "its package for this platform is not to be had")
        return
    suite = Suite(stage)
    checks = {}
    # The wires part before anything of the upstream, and each start takes seconds: one round through all of them tells.
    once = not stage.upstream.prefix
    for wire in PROVIDERS if once else ["messages"]:
        checks |= {
            f"{wire}-thinking": lambda wire=wire: suite.thinking(wire),
            f"{wire}-tool": lambda wire=wire: suite.tool(wire),
            f"{wire}-image": lambda wire=wire: suite.image(wire),
            f"{wire}-error-mid-stream": lambda wire=wire: suite.error(wire),
        }
        if once:
            checks[f"{wire}-cut-mid-stream"] = lambda wire=wire: suite.cut(wire)
    if once:
        checks |= {"plain": suite.plain, "rate-limit-once": suite.rate_limit_once}
    if once and os.name == "posix":
        # Windows has no signal that only this child would get.
        checks["cancel"] = lambda: suite.cancel("messages")
    checks |= stage.upstream.named(lambda other: {"tool": lambda: suite.tool("messages", other.model)})
    for name, check in checks.items():
        stage.check(NAME, name, check)
