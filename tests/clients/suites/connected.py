"""Real clients started with the files that `connect` wrote, in an empty home and beside what a person has there.

Nothing but the home folder tells them where to ask.
"""

import json
import os
import re
import subprocess
import time

from harness.report import Failed, need
from harness.words import CLAUDE, hello, nonce
from suites import claude_code, codex, opencode
from suites.cli import surrounded

NAME = "connected"
SECONDS = 90

CLAUDE_FILE = os.path.join(".claude", "settings.json")
CODEX_FILE = os.path.join(".codex", "config.toml")
OPENCODE_FILE = os.path.join(".config", "opencode", "opencode.json")
CONTINUE_FILE = os.path.join(".continue", "config.yaml")
QWEN_FILE = os.path.join(".qwen", "settings.json")

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
OPENCODE_EDITED = """{
  // my notes
  "$schema": "https://opencode.ai/config.json",
  "autoupdate": false,   "share": "disabled",
  "provider": {
    /* another place */
    "mine": {
      "npm": "@ai-sdk/openai-compatible", "options": { "baseURL": "http://127.0.0.1:1/v1", "apiKey": "sk-mine" },
      "models": { "own": {} },
    },
  },
  "model": "mine/own", // the good one
  "small_model": "mine/own"
}
"""
CONTINUE_EDITED = """# my notes
name: Mine
version: 0.0.1
schema: v1
models:
    # another place
    - name: "own"
      provider: openai
      model: own
      apiBase: 'http://127.0.0.1:1/v1/'   # the good one
      apiKey: sk-mine
      roles: [embed]
rules: [ "Be brief" ]
"""
QWEN_EDITED = """{
\t"security": { "auth": { "selectedType": "openai" } },
\t"model": { "name": "own" },
\t"modelProviders": { "openai": [
\t\t{ "id": "own",  "name": "Mine", "baseUrl": "http://127.0.0.1:1/v1", "envKey": "MINE" }
\t] },
\t"env": { "MINE": "sk-mine" }
}
"""
# How the lines of the files above begin that hold a value which connect replaces.
CHANGED = ('model =', 'model_provider =', '"model":', '"small_model":')


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
        environment = surrounded(
            self.home,
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
            CLAUDE_CODE_MAX_RETRIES="0",
            DISABLE_AUTOUPDATER="1",
            CONTINUE_TELEMETRY_ENABLED="0",
            **opencode.QUIET,
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

    def round(self, client, file, edited, ask, named=True, rewrites=False):
        """Connected, asked, proven, and the file as it was again. `named` clients say their version; those that have
        the file rewritten by the client itself get its values back."""
        if edited is None:
            need(self.text(file) is None, "the home is not empty")
        else:
            self.has(file, edited)
        need(self.proof(client) is None, "proven before it asked")
        self.change(client, "connect", model=CLAUDE)
        try:
            need(edited is None or kept(edited, self.text(file)), lambda: self.text(file))
            prompt = hello(nonce())
            said = ask(prompt)
            need("echo: " in said and prompt in said.split("echo: ", 1)[1], lambda: said[-1500:])
            need(self.proven(client)["version"] or not named, "no version")
        finally:
            self.change(client, "undo")
            left = self.text(file)
            if left is not None:
                os.remove(os.path.join(self.home, file))
        if rewrites:
            left, edited = own(left), own(edited)
        need(left == edited, lambda: repr(left))

    def claude(self, edited=None):
        program = claude_code.binary(self.stage.modules)
        self.round("claude_code", CLAUDE_FILE, edited, lambda prompt: self.say(program, "-p", prompt, ANTHROPIC_MODEL=CLAUDE))

    def codex(self, edited=None):
        program = codex.binary(self.stage.modules)
        always = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        self.round("codex", CODEX_FILE, edited, lambda prompt: self.say(program, *always, prompt))

    def opencode(self, edited=None):
        program = opencode.binary(self.stage.modules)
        self.round("opencode", OPENCODE_FILE, edited, lambda prompt: self.say(program, "run", prompt))

    def script(self, *path):
        return [self.stage.node, os.path.join(self.stage.modules, "node_modules", *path)]

    def continued(self, edited=None):
        program = self.script("@continuedev", "cli", "dist", "cn.js")
        self.round("continue", CONTINUE_FILE, edited, lambda prompt: self.say(*program, "-p", prompt), named=False)

    def qwen(self, edited=None):
        program = self.script("@qwen-code", "qwen-code", "cli.js")
        self.round("qwen_code", QWEN_FILE, edited, lambda prompt: self.say(*program, "-p", prompt), rewrites=True)


def kept(edited, text):
    """Whether all that the person wrote is still there, in order, but for the values that connect replaces. Ours may
    stand before a bracket or the end of a line."""
    at = 0
    own = "\n".join(line for line in edited.splitlines() if not line.strip().startswith(CHANGED))
    for piece in re.split(r"(?=\s*[]}])|,?\s*\n", own):
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def own(text):
    """What a person has in a file of Qwen Code, which marks it with a version of its own."""
    return {name: value for name, value in json.loads(text or "{}").items() if name != "$version"}


def run(stage):
    suite = Suite(stage)
    checks = {
        "claude-code-empty-home": suite.claude,
        "claude-code-edited": lambda: suite.claude(CLAUDE_EDITED),
        "codex-empty-home": suite.codex,
        "codex-edited": lambda: suite.codex(CODEX_EDITED),
    }
    # What stands in a file is the same whoever answers: the slower ones are asked in one round.
    if not stage.upstream.prefix:
        if opencode.binary(stage.modules):
            checks |= {
                "opencode-empty-home": suite.opencode,
                "opencode-edited": lambda: suite.opencode(OPENCODE_EDITED),
            }
        checks |= {
            "continue-empty-home": suite.continued,
            "continue-edited": lambda: suite.continued(CONTINUE_EDITED),
            "qwen-code-empty-home": suite.qwen,
            "qwen-code-edited": lambda: suite.qwen(QWEN_EDITED),
        }
    for name, check in checks.items():
        stage.check(NAME, name, check)
