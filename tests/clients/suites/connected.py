"""Real clients started with the files that `connect` wrote, in an empty home and beside what a person has there.

Nothing but the home folder tells them where to ask.
"""

import os
import subprocess
import time

from harness import surroundings
from harness.report import Failed, need
from harness.words import CLAUDE, hello, nonce
from suites import claude_code, codex

NAME = "connected"
SECONDS = 90
NOWHERE = "http://127.0.0.1:1"

CLAUDE_FILE = os.path.join(".claude", "settings.json")
CODEX_FILE = os.path.join(".codex", "config.toml")

CLAUDE_EDITED = """{
    "permissions": { "deny": ["WebFetch"] },

\t"env": { "MY_OWN": "1",   "DISABLE_TELEMETRY": "1" },
    "includeCoAuthoredBy": false
}
"""
CODEX_EDITED = """# my notes\r
model = "my-own"   # the good one\r
model_provider = 'mine'\r
\r
# another place\r
[model_providers.mine]\r
name = "Mine"\r
base_url = "http://127.0.0.1:1/v1"\r
env_key = "MINE"\r
"""


class Suite:
    """The checks. The product writes into the home that it runs in; clients are started there."""

    def __init__(self, stage):
        self.stage = stage
        self.home = stage.proxy.home
        self.work = os.path.join(stage.folder, stage.upstream.prefix + "connected")
        os.makedirs(self.work)

    def text(self, file):
        try:
            with open(os.path.join(self.home, file), encoding="utf-8", newline="") as opened:
                return opened.read()
        except FileNotFoundError:
            return None

    def has(self, file, text):
        path = os.path.join(self.home, file)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as opened:
            opened.write(text)

    def change(self, client, what, **more):
        path = f"/api/clients/{client}/{what}"
        shown = self.stage.proxy.admin("GET", path + (f"?model={CLAUDE}" if more else ""))
        need("sk-switchboard-••••" in shown["diff"], shown["diff"])
        return self.stage.proxy.admin("POST", path, {"fingerprint": shown["fingerprint"], **more})

    def proof(self, client):
        clients = self.stage.proxy.admin("GET", "/api/clients")["clients"]
        return next(one["proof"] for one in clients if one["id"] == client)

    def proven(self, client):
        """What proves it, once its row is written: that takes a moment."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            proof = self.proof(client)
            if proof:
                return proof
            time.sleep(0.05)
        raise Failed("no request came with its own key")

    def say(self, *command, **more):
        environment = surroundings.clean(
            HOME=self.home,
            USERPROFILE=self.home,
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
            CLAUDE_CODE_MAX_RETRIES="0",
            DISABLE_AUTOUPDATER="1",
            NO_COLOR="1",
            TERM="dumb",
            # Whatever it would ask of the world outside ends here.
            HTTPS_PROXY=NOWHERE,
            HTTP_PROXY=NOWHERE,
            NO_PROXY="127.0.0.1,localhost",
            **more,
        )
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.work, env=environment
        )
        try:
            return process.communicate(timeout=SECONDS)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[0].decode(errors="replace")
            raise Failed(f"not done after {SECONDS} s: {said[-800:]}") from None

    def round(self, client, file, edited, ask):
        """Connected, asked, proven, and the file as it was again."""
        if edited is None:
            need(self.text(file) is None, "the home is not empty")
        else:
            self.has(file, edited)
        need(self.proof(client) is None, "proven before it asked")
        self.change(client, "connect", model=CLAUDE)
        try:
            prompt = hello(nonce())
            said = ask(prompt)
            need("echo: " in said and prompt in said.split("echo: ", 1)[1], lambda: said[-1500:])
            need(self.proven(client)["version"], "no version")
        finally:
            self.change(client, "undo")
            left = self.text(file)
            if left is not None:
                os.remove(os.path.join(self.home, file))
        need(left == edited, lambda: repr(left))

    def claude(self, edited=None):
        program = claude_code.binary(self.stage.modules)
        self.round("claude_code", CLAUDE_FILE, edited, lambda prompt: self.say(program, "-p", prompt, ANTHROPIC_MODEL=CLAUDE))

    def codex(self, edited=None):
        program = codex.binary(self.stage.modules)
        always = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        self.round("codex", CODEX_FILE, edited, lambda prompt: self.say(program, *always, prompt))


def run(stage):
    suite = Suite(stage)
    for name, check in {
        "claude-code-empty-home": suite.claude,
        "claude-code-edited": lambda: suite.claude(CLAUDE_EDITED),
        "codex-empty-home": suite.codex,
        "codex-edited": lambda: suite.codex(CODEX_EDITED),
    }.items():
        stage.check(NAME, name, check)
