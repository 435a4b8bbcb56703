"""The app under test: its process, its folder, and its two doors."""

import json
import os
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from screen import until

KEY = "sk-switchboard-journey"
SANDBOX = {
    "kind": "access_key",
    "access_key_id": "AKIASANDBOX000000000",
    "secret_access_key": "sandbox+secret+sandbox+secret+sandbox+00",
}


class App:
    def __init__(self, binary: Path, screen, home: Path):
        self.binary, self.screen, self.home = binary, screen, home
        self.folder = home / "data"
        self.process = None
        self.log = home / "app.log"

    @property
    def environment(self):
        for name in ("run", ".config"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        (self.home / "run").chmod(0o700)
        return {
            **self.screen.environment,
            "HOME": str(self.home),
            "SWITCHBOARD_KEYCHAIN": "off",
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_DATA_HOME": str(self.home / ".local/share"),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "SWITCHBOARD_DATA_DIR": str(self.folder),
            "SWITCHBOARD_LOCAL_KEY": KEY,
            "SWITCHBOARD_PORT": "0",
        }

    def spawn(self, *arguments, environment=None):
        with self.log.open("a") as log:
            return subprocess.Popen(
                [str(self.binary), *arguments], env=environment or self.environment, stdout=log, stderr=log)

    def start(self, *arguments):
        self.process = self.spawn(*arguments)
        self.wait()
        return self

    def settled(self):
        """What a person has who used it before: the first run is behind them, and it is closed again."""
        self.start("--hidden")
        self.ask("/api/settings", {"first_run_done": True}, method="PUT")
        self.stop()
        return self

    def wait(self):
        """Until it listens."""
        until(self.listens, f"the app does not start; see {self.log}")

    def listens(self):
        if self.process and self.process.poll() is not None:
            raise AssertionError(f"the app ended with {self.process.returncode}:\n{self.log.read_text()}")
        try:
            self.base = json.loads((self.folder / "app.json").read_text())["url"]
            status = self.ask("/api/status")
            return status["port"] or status["port_problem"]
        except (OSError, ValueError, KeyError, urllib.error.URLError):
            return None

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    def ask(self, path, body=None, method=None, base=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{base or self.base}{path}", data=data, method=method)
        request.add_header("authorization", f"Bearer {KEY}")
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def proxy(self):
        return f"http://127.0.0.1:{self.ask('/api/status')['port']}"

    def message(self, text):
        """One request of an editor; the text of the answer."""
        body = {
            "model": "claude-sonnet-4-5",
            "max_tokens": 64,
            "messages": [{"role": "user", "content": text}],
        }
        answer = self.ask("/v1/messages", body, base=self.proxy())
        return answer["content"][0]["text"]

    def add_account(self, name):
        body = {"name": name, "provider": "sandbox", "region": "us-east-1", "credential": SANDBOX}
        return self.ask("/api/accounts", body)

    def accounts(self):
        return self.ask("/api/accounts")["accounts"]

    def active(self):
        return next((account["name"] for account in self.accounts() if account["active"]), None)

    def last_row(self):
        """The newest row of the log. It is written after the answer has ended."""
        return until(lambda: self.ask("/api/logs?limit=1")["rows"], "no row")[0]

    def window(self):
        """The window's id while it is on screen."""
        found = self.screen.windows(self.pid, "^Switchboard$")
        return found[0] if found else None

    def shown(self):
        """The window's id once its page is drawn."""
        window = until(self.window, "no window")
        until(lambda: self.screen.colours(*self.screen.geometry(window)) > 100, "the window stays empty")
        return window

    def close_window(self):
        """As a person does, who presses again when nothing happens."""
        def gone():
            window = self.window()
            if window:
                self.screen.do("xdotool", "windowactivate", window, check=False)
                self.screen.keys("alt+F4")
            return not self.window()
        until(gone, "the window does not close")

    def web_processes(self):
        """Processes of the web view."""
        found = subprocess.run(["pgrep", "-P", str(self.pid), "-f", "WebKitWebProcess"], capture_output=True, text=True)
        return found.stdout.split()

    def memory(self):
        """What the core's process alone holds, MiB. Pages of program files are not counted: they are shared, or dropped and
        read again at will."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("the kernel does not tell")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def without_display(binary):
    """How it ends where nothing can be drawn."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run([str(binary)], env=environment, capture_output=True, text=True, timeout=20)
