"""The upstream: the emulator's binary, and what it says that it saw."""

import base64
import json
import queue
import subprocess
import threading
import time
from dataclasses import dataclass, field

from . import surroundings

# What the emulator takes when nothing else is said.
ACCESS_KEY_ID = "AKIASANDBOX000000000"
SECRET_ACCESS_KEY = "sandbox+secret+sandbox+secret+sandbox+00"
# What it is told to take besides.
API_KEY = "bedrock-api-key-of+these/checks=="


@dataclass
class Seen:
    """A request that reached the emulator."""

    method: str
    path: str
    headers: list
    body: bytes
    operation: str | None
    # The access key id or bearer key that was accepted; the name of a Kiro account.
    caller: str | None
    refused: dict | None
    # The rule that was broken, where the service's own words do not tell.
    why: str | None
    ended: bool = False
    left: bool = False

    def header(self, name):
        """The value of a header, `None` when it was not sent."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class Emulator:
    """A running emulator. Its events arrive in a thread; waits end when one of them fits."""

    binary: str
    log: str
    seen: dict = field(default_factory=dict)

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.binary, "--port", "0", "--json-lines", "--bearer-key", API_KEY],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=surroundings.clean(),
            )
        self.news = threading.Condition()
        first = queue.Queue()
        threading.Thread(target=self._listen, args=(first,), daemon=True).start()
        try:
            self.url = first.get(timeout=20)
        except queue.Empty:
            self.process.kill()
            raise RuntimeError("the emulator did not start") from None
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def _listen(self, first):
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == "listening":
                first.put(event["url"])
                continue
            with self.news:
                self._take(event)
                self.news.notify_all()

    def _take(self, event):
        number = event["number"]
        if event["event"] == "request":
            self.seen[number] = Seen(
                event["method"],
                event["path"],
                event["headers"],
                base64.b64decode(event["body"]),
                event["operation"],
                event["caller"],
                event["refused"],
                event["why"],
            )
        elif number in self.seen:
            self.seen[number].ended = True
            self.seen[number].left = not event["complete"]

    def requests(self):
        """Everything seen so far, in order."""
        with self.news:
            return [self.seen[number] for number in sorted(self.seen)]

    def about(self, nonce):
        """The requests whose body holds `nonce`. An answer may be here before the news of its request: waits a
        moment for the first."""
        self.wait_for(nonce, 2)
        return [request for request in self.requests() if nonce.encode() in request.body]

    def running(self, nonce):
        """Whether an answer to a request with `nonce` is on its way."""
        return any(not request.ended for request in self.about(nonce))

    def wait_left(self, nonce, seconds):
        """Seconds until the emulator saw that its client left the request with `nonce`; `None` if not in time."""
        started = time.monotonic()
        with self.news:
            left = self.news.wait_for(
                lambda: any(r.left for r in self.seen.values() if nonce.encode() in r.body), timeout=seconds
            )
        return time.monotonic() - started if left else None

    def wait_for(self, nonce, seconds):
        """Waits for a request with `nonce`; whether it came in time."""
        with self.news:
            return self.news.wait_for(
                lambda: any(nonce.encode() in r.body for r in self.seen.values()), timeout=seconds
            )
