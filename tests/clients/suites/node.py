"""Programs for Node, and for the other Python: started once, asked for one check at a time."""

import dataclasses
import json
import os
import queue
import shutil
import subprocess
import threading
import time

from harness import surroundings, words
from harness.report import Failed, need
from harness.words import PNG
from suites.leaving import SECONDS

PROGRAMS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "programs")


class Program:
    """A running program of the `programs` folder."""

    def __init__(self, stage, program):
        self.emulator = stage.emulator
        # Node looks for packages beside the program that asks for them.
        copies = os.path.join(stage.modules, "programs", stage.upstream.prefix)
        shutil.copytree(PROGRAMS, copies, dirs_exist_ok=True)
        self.log = os.path.join(stage.folder, program + ".log")
        interpreter = stage.other_python if program.endswith(".py") else stage.node
        self.command = [interpreter, os.path.join(copies, program), stage.proxy.url, stage.proxy.key]
        others = {name: dataclasses.asdict(other) for name, other in stage.upstream.others.items()}
        self.command += [words.CLAUDE, json.dumps(others)]
        self.start()

    def start(self):
        """Starts it, also again after it hung."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=surroundings.clean(),
            )
        self.lines = queue.Queue()
        threading.Thread(target=self._listen, args=(self.process.stdout, self.lines), daemon=True).start()

    def _listen(self, output, lines):
        for line in output:
            lines.put(line)
        lines.put(None)

    def _line(self, seconds):
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            self.process.kill()
            self.process.wait()
            raise Failed(f"no word in {seconds} s") from None
        if line is None:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                raise Failed(f"the program ended: {log.read()[-800:]}")
        return json.loads(line)

    def checks(self):
        """The names of its checks."""
        return self._line(30)["checks"]

    def run(self, check):
        """Runs one check; fails as it fails, or when the upstream does not end after the client left."""
        if self.process.poll() is not None:
            self.start()
            self.checks()
        while not self.lines.empty():  # what a check said that was given up
            self.lines.get()
        self.process.stdin.write(check.encode() + b"\n")
        self.process.stdin.flush()
        line = self._line(40)
        if "pictured" in line:
            seen = self.emulator.about(line["pictured"])
            need(any(PNG.encode() in request.body for request in seen), "the image is gone")
            line = self._line(40)
        if "leaving" in line:
            started = time.monotonic()
            left = self.emulator.wait_left(line["leaving"], SECONDS)
            line = self._line(40)
            need(line["ok"], lambda: line.get("why"))
            need(left is not None, f"the upstream request was still open {SECONDS} s after the client left")
            need(time.monotonic() - started < 5, "the client itself took long to leave")
        need(line["ok"], lambda: line.get("why"))

    def close(self):
        """Ends it."""
        self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run(stage, name, program):
    """Runs all checks of a program."""
    running = Program(stage, program)
    checks = []
    try:
        stage.check(name, "start", lambda: checks.extend(running.checks()))
        for check in checks:
            stage.check(name, check, lambda check=check: running.run(check))
    finally:
        running.close()
