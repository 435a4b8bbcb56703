"""Claude Code in print mode."""

import base64
import json
import os
import platform
import signal
import subprocess

from harness import surroundings
from harness.report import Failed, need
from harness.words import BREAK, CLAUDE, CUT, LONG, PACE, PNG, THROTTLE, colourful, hello, nonce
from suites.leaving import upstream_ends

NAME = "claude-code"
SECONDS = 60
NOWHERE = "http://127.0.0.1:1"
# The shell must really run for this to be said.
COMMAND = "echo needle-$((40+2))"


def binary(modules):
    """The program of this platform, else the wrapper, whose installation may have been skipped."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine().lower()]
    system = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}[platform.system()]
    ending = ".exe" if system == "win32" else ""
    scope = os.path.join(modules, "node_modules", "@anthropic-ai")
    native = os.path.join(scope, f"claude-code-{system}-{machine}", "claude" + ending)
    return native if os.path.exists(native) else os.path.join(scope, "claude-code", "bin", "claude.exe")


# With tools, in one answer to one prompt.
TURNS = 25


def call(tool, **arguments):
    return f"[[tool:{tool} {json.dumps(arguments)}]]"


def bash(command):
    return call("Bash", command=command, description="d")


class Suite:
    """The checks. Each starts the program anew, in an empty home."""

    def __init__(self, stage):
        self.stage = stage
        self.binary = binary(stage.modules)
        own = os.path.join(stage.folder, stage.upstream.prefix + "claude")
        self.home = os.path.join(own, "home")
        self.work = os.path.join(own, "work")
        os.makedirs(self.home)
        os.makedirs(self.work)

    def environment(self, **more):
        home = {"HOME": self.home, "USERPROFILE": self.home, "XDG_CONFIG_HOME": os.path.join(self.home, ".config")}
        more = {"ANTHROPIC_MODEL": CLAUDE} | more
        return surroundings.clean(
            **home,
            ANTHROPIC_BASE_URL=self.stage.proxy.url,
            ANTHROPIC_AUTH_TOKEN=self.stage.proxy.key,
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
            CLAUDE_CODE_MAX_RETRIES="0",
            DISABLE_AUTOUPDATER="1",
            NO_COLOR="1",
            TERM="dumb",
            # Whatever it would ask of the world outside ends here.
            HTTPS_PROXY=NOWHERE,
            HTTP_PROXY=NOWHERE,
            **more,
        )

    def start(self, *arguments, **more):
        return subprocess.Popen(
            [self.binary, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.work,
            env=self.environment(**more),
        )

    def say(self, *arguments, given="", **more):
        """All that it prints."""
        process = self.start(*arguments, **more)
        try:
            return process.communicate(given.encode(), timeout=SECONDS)[0].decode()
        except subprocess.TimeoutExpired:
            process.kill()
            output = process.communicate()[0].decode()
            raise Failed(f"not done after {SECONDS} s: {output[-600:]}") from None

    def events(self, *arguments, given="", **more):
        """What it prints as JSON lines."""
        output = self.say(*arguments, "--output-format", "stream-json", "--verbose", given=given, **more)
        events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        need(events and events[-1].get("type") == "result", lambda: output[-600:])
        return events

    def plain(self):
        prompt = hello(nonce())
        output = self.say("-p", prompt)
        need("echo: " in output and prompt in output, output[-600:])

    def stream(self, **more):
        prompt = colourful(nonce())
        events = self.events("-p", prompt, "--include-partial-messages", **more)
        kinds = [event["event"]["type"] for event in events if event["type"] == "stream_event"]
        need(kinds.count("content_block_delta") > 1 and kinds[-1] == "message_stop", kinds)
        need(events[-1]["result"] == "echo: " + prompt and not events[-1]["is_error"], events[-1])

    def tool(self, **more):
        output = self.say("-p", bash(COMMAND), "--allowedTools", "Bash", **more)
        need("tool said: needle-42" in output, output[-600:])

    def web_search(self):
        # Its tool asks the model anew, with a search that Anthropic would run.
        query = call("web_search", query="rust")
        # Else the tool has to be looked for first.
        at_hand = {"ENABLE_TOOL_SEARCH": "false"}
        events = self.events("-p", call("WebSearch", query=query), "--allowedTools", "WebSearch", **at_hand)
        blocks = [
            block
            for event in events
            if event["type"] == "user" and isinstance(event["message"]["content"], list)
            for block in event["message"]["content"]
            if block["type"] == "tool_result"
        ]
        need(blocks and "https://example.com/a" in json.dumps(blocks), lambda: blocks or events[-1])
        need(not events[-1]["is_error"], lambda: events[-1])

    def long_session(self, **more):
        """Each tool's output has the model call the next one."""
        mark = nonce()
        folder = os.path.join(self.work, mark)
        os.makedirs(folder)
        self.picture(folder)
        for turn in range(1, TURNS):
            self.note(folder, turn, self.step(folder, turn + 1))
        self.note(folder, TURNS, f"needle-{TURNS}")
        allowed = ["--allowedTools", "Bash", "Read", "Write"]
        events = self.events("-p", self.step(folder, 1) + mark, *allowed, MAX_THINKING_TOKENS="4000", **more)
        result = events[-1]
        need(result["result"].startswith("tool said: ") and f"needle-{TURNS}" in result["result"], result)
        need(result["num_turns"] > TURNS, result)
        said = self.stage.emulator.about(mark)
        refused = [(request.refused, request.why) for request in said if request.refused]
        need(len(said) > TURNS and not refused, lambda: (len(said), refused))

    def step(self, folder, turn):
        """The call, or calls, that read the note of `turn`."""
        note = os.path.join(folder, f"note-{turn}.txt")
        written = os.path.join(folder, f"written-{turn}.txt")
        return (
            bash(f"cat {note}"),
            call("Read", file_path=note),
            bash(f"cat {note}; exit 3"),
            call("Read", file_path=os.path.join(folder, "pixels.png")) + bash(f"cat {note}"),
            call("Write", file_path=written, content='"quoted" 日本語\n') + bash(f"ls nowhere; cat {note}"),
        )[turn % 5]

    def note(self, folder, turn, text):
        with open(os.path.join(folder, f"note-{turn}.txt"), "w", encoding="utf-8") as file:
            file.write(text + "\n")

    def picture(self, folder):
        path = os.path.join(folder, "pixels.png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(PNG))
        return path

    def image(self):
        mark = nonce()
        source = {"type": "base64", "media_type": "image/png", "data": PNG}
        content = [{"type": "image", "source": source}, {"type": "text", "text": hello(mark)}]
        message = {"type": "user", "message": {"role": "user", "content": content}}
        events = self.events("-p", "--input-format", "stream-json", given=json.dumps(message) + "\n")
        # It says where it put the picture after the words, so those are not the last that the model hears.
        need(events[-1]["result"].startswith("echo: ") and not events[-1]["is_error"], events[-1])
        need(any(PNG.encode() in request.body for request in self.stage.emulator.about(mark)), "the image is gone")

    def read_image(self):
        path = self.picture(self.work)
        mark = nonce()
        output = self.say("-p", call("Read", file_path=path) + mark, "--allowedTools", "Read")
        need("tool said: " in output, output[-600:])
        seen = self.stage.emulator.about(mark)
        need(any(self.stage.upstream.pictured in r.body for r in seen), "the tool's image did not arrive")

    def thinking(self):
        prompt = hello(nonce())
        events = self.events("-p", prompt, MAX_THINKING_TOKENS="4000")
        blocks = [block for event in events if event["type"] == "assistant" for block in event["message"]["content"]]
        need([block["type"] for block in blocks] == ["thinking", "text"], blocks)
        need(events[-1]["result"] == "echo: " + prompt, events[-1])

    def count(self):
        before = len(self.stage.emulator.requests())
        output = self.say("-p", "/context")
        need("tokens" in output.lower(), output[-600:])
        asked = self.stage.emulator.requests()[before:]
        need(not any(request.refused for request in asked), [r.refused for r in asked])
        counted = any(request.operation == "CountTokens" for request in asked)
        need(counted == self.stage.upstream.counts, [request.operation for request in asked])

    def rate_limit(self):
        output = self.say("-p", THROTTLE + nonce())
        need("429" in output or "rate limit" in output.lower(), output[-600:])

    def error_mid_stream(self):
        events = self.events("-p", f"{BREAK} {nonce()} {LONG}", "--include-partial-messages")
        kinds = [event["event"]["type"] for event in events if event["type"] == "stream_event"]
        need("content_block_delta" in kinds, kinds)
        # What the upstream said within the stream, and not the refusal of another request.
        result = events[-1]
        need(result["is_error"] and "Too many requests" in result["result"], result)

    def cut_mid_stream(self):
        events = self.events("-p", f"{CUT} {nonce()} {LONG}", "--include-partial-messages")
        kinds = [event["event"]["type"] for event in events if event["type"] == "stream_event"]
        need("content_block_delta" in kinds and events[-1]["is_error"], lambda: (kinds, events[-1]))

    def cancel(self):
        mark = nonce()
        process = self.start(
            "-p", f"{PACE} {mark} {LONG}", "--output-format", "stream-json", "--verbose", "--include-partial-messages"
        )
        try:
            process.stdin.close()
            for line in process.stdout:
                if b"content_block_delta" in line:
                    break
            upstream_ends(self.stage, mark, lambda: process.send_signal(signal.SIGINT))
        finally:
            process.kill()
            process.stdout.close()
            process.wait()


def run(stage):
    suite = Suite(stage)
    checks = {
        "plain": suite.plain,
        "stream": suite.stream,
        "tool": suite.tool,
        "web-search": suite.web_search,
        "image": suite.image,
        "read-image": suite.read_image,
        "thinking": suite.thinking,
        "count-tokens": suite.count,
        "long-session": suite.long_session,
        "rate-limit": suite.rate_limit,
        "error-mid-stream": suite.error_mid_stream,
        "cut-mid-stream": suite.cut_mid_stream,
    }
    checks |= stage.upstream.named(
        lambda other: {
            "stream": lambda: suite.stream(ANTHROPIC_MODEL=other.model),
            "tool": lambda: suite.tool(ANTHROPIC_MODEL=other.model),
            "long-session": other.signs and (lambda: suite.long_session(ANTHROPIC_MODEL=other.model)),
        }
    )
    if os.name == "posix":
        # Windows has no signal that only this child would get.
        checks["cancel"] = suite.cancel
    for name, check in checks.items():
        stage.check(NAME, name, check)
