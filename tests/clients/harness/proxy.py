"""The product: `switchboard serve` on an empty data folder, with one account at a time."""

import json
import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request

from . import surroundings

# Talks to 127.0.0.1 whatever the machine's proxy settings are.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Proxy:
    """A running instance. `url` has no trailing slash, `key` is the local key."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.data = os.path.join(folder, "data")
        self.home = os.path.join(folder, "home")
        self.log = os.path.join(folder, "switchboard.log")
        self.account = None
        self.key = "sk-" + secrets.token_hex(16)

    def __enter__(self):
        os.makedirs(self.home)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--port", "0", "--data-dir", self.data],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=surroundings.clean(SWITCHBOARD_KEYCHAIN="off", SWITCHBOARD_LOCAL_KEY=self.key, HOME=self.home, USERPROFILE=self.home),
            )
        try:
            self.url = self._address()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _address(self):
        """Reads where it listens from the file that it writes then."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"switchboard ended with {self.process.returncode}:\n{self.tail()}")
            try:
                with open(os.path.join(self.data, "app.json"), encoding="utf-8") as file:
                    return json.load(file)["url"].rstrip("/")
            except (OSError, ValueError):
                time.sleep(0.02)
        raise RuntimeError(f"switchboard does not listen:\n{self.tail()}")

    def use(self, account):
        """Adds an account and removes the one before it: no answer comes from another one."""
        before, self.account = self.account, self.admin("POST", "/api/accounts", account)["id"]
        self.activate()
        if before:
            self.admin("DELETE", f"/api/accounts/{before}")

    def activate(self):
        """Makes the account the active one, which also ends the rest that a refusal brought it."""
        self.admin("POST", f"/api/accounts/{self.account}/activate")

    def admin(self, method, path, body=None):
        """Calls the admin API; the answer's JSON. Raises with its words when refused."""
        status, answer = self.call(method, path, body)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {answer[:400]}")
        return json.loads(answer) if answer else None

    def call(self, method, path, body=None, **headers):
        """Any request with the local key: status and text."""
        data = None if body is None else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        request.add_header("authorization", f"Bearer {self.key}")
        if data is not None:
            request.add_header("content-type", "application/json")
        try:
            with DIRECT.open(request, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def tail(self, lines=40):
        """The end of what it printed."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])
