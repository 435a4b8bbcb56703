"""Codex in `exec` mode, which speaks Responses alone and always streams."""

import base64
import os
import platform
import signal
import subprocess

from harness import surroundings
from harness.report import Failed, need
from harness.words import BREAK, CLAUDE, LONG, PACE, PNG, colourful, hello, nonce
from suites.leaving import upstream_ends

NAME = "codex"
SECONDS = 60
NOWHERE = "http://127.0.0.1:1"
# A model of whose names Codex knows more: its tools ride among the items, one of them takes plain text.
KNOWN = "gpt-6.1-sol"
# The shell, or Codex's own JavaScript, must really run for `needle-42` to be said.
COMMAND = '[[tool:exec_command {"cmd":"echo needle-$((40+2))"}]]'
SCRIPT = """[[tool:functions__exec {"input":"text('needle-'+(40+2))"}]]"""


def binary(modules):
    """The program of this platform, whose package holds it in a folder of its own."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine().lower()]
    system = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}[platform.system()]
    own = os.path.join(modules, "node_modules", "@openai", f"codex-{system}-{machine}")
    for folder, _, files in os.walk(own):
        for file in files:
            if file in ("codex", "codex.exe"):
                return os.path.join(folder, file)
    raise Failed(f"no program in {own}")


class Suite:
    """The checks. Each starts the program anew, in an empty home."""

    def __init__(self, stage):
        self.stage = stage
        own = os.path.join(stage.folder, stage.upstream.prefix + "codex")
        self.home, self.work = os.path.join(own, "home"), os.path.join(own, "work")
        os.makedirs(os.path.join(self.home, ".codex"))
        os.makedirs(self.work)
        self.binary = binary(stage.modules)
        self.configured(f'''model = "{CLAUDE}"
model_provider = "local"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.local]
name = "Local"
base_url = "{stage.proxy.url}/v1"
env_key = "LOCAL_KEY"
wire_api = "responses"
''')

    def configured(self, text):
        with open(os.path.join(self.home, ".codex", "config.toml"), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, *arguments):
        environment = surroundings.clean(
            HOME=self.home,
            USERPROFILE=self.home,
            CODEX_HOME=os.path.join(self.home, ".codex"),
            LOCAL_KEY=self.stage.proxy.key,
            NO_COLOR="1",
            TERM="dumb",
            # Whatever it would ask of the world outside ends here.
            HTTPS_PROXY=NOWHERE,
            HTTP_PROXY=NOWHERE,
            NO_PROXY="127.0.0.1,localhost",
        )
        always = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        return subprocess.Popen(
            [self.binary, *always, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.work,
            env=environment,
        )

    def say(self, *arguments):
        """All that it prints."""
        process = self.start(*arguments)
        try:
            return process.communicate(timeout=SECONDS)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failed(f"no end in {SECONDS} s: {process.communicate()[0].decode(errors='replace')[-800:]}") from None

    def hears(self, what, *arguments):
        said = self.say(*arguments)
        need(what in said, lambda: said[-1500:])
        return said

    def plain(self, *options):
        prompt = hello(nonce())
        said = self.hears("echo: ", *options, prompt)
        # Where turns of one speaker are joined, what Codex tells of the machine is said again first.
        need(prompt in said.split("echo: ", 1)[1], lambda: said[-1500:])

    def stream(self):
        prompt = colourful(nonce())
        said = self.hears("turn.completed", "--json", prompt)
        need("naïve 日本語 🌍" in said.split("echo: ", 1)[-1], lambda: said[-1500:])

    def tool(self):
        said = self.hears("tool said: ", COMMAND)
        need("needle-42" in said, lambda: said[-1500:])

    def tools_among_items(self):
        """With a name that Codex knows, its tools come as items, in a namespace, one of them in plain text."""
        rules = [{"name": KNOWN, "model": CLAUDE}]
        self.stage.proxy.admin("PUT", "/api/settings", {"model_rules": rules})
        try:
            said = self.hears("tool said: ", "-m", KNOWN, SCRIPT)
            need("needle-42" in said, lambda: said[-1500:])
        finally:
            self.stage.proxy.admin("PUT", "/api/settings", {"model_rules": []})

    def thinking(self):
        self.plain("-c", "model_reasoning_effort=high")

    def image(self):
        path, mark = os.path.join(self.work, "pixels.png"), nonce()
        with open(path, "wb") as file:
            file.write(base64.b64decode(PNG))
        self.hears("echo: ", "-i", path, "--", hello(mark))
        seen = self.stage.emulator.about(mark)
        need(any(PNG.encode() in request.body for request in seen), "the image is gone")

    def error(self):
        """The message of a failure within the stream is shown; Codex asks again by itself before that."""
        said = self.say("-c", "model_providers.local.stream_max_retries=0", f"{BREAK} {nonce()} {LONG}")
        need("stream closed before" not in said and "Too many requests" in said, lambda: said[-1500:])

    def cancel(self):
        mark = nonce()
        process = self.start("--json", f"{PACE} {mark} {LONG}")
        self.stage.emulator.wait_for(mark, SECONDS)
        upstream_ends(self.stage, mark, lambda: process.send_signal(signal.SIGINT))
        process.wait(timeout=SECONDS)


def run(stage):
    suite = Suite(stage)
    checks = {
        "plain": suite.plain,
        "stream": suite.stream,
        "tool": suite.tool,
        "tools-among-items": suite.tools_among_items,
        "thinking": suite.thinking,
        "image": suite.image,
        "error-mid-stream": suite.error,
        "cancel": suite.cancel,
    }
    for name, check in checks.items():
        stage.check(NAME, name, check)
