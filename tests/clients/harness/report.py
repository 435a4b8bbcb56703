"""One line a check, and the counts."""

import threading
import time
import traceback

# No check takes nearly as long; one that does hangs.
LONGEST = 90.0


class Failed(Exception):
    """What was seen is not what was wanted."""


def need(condition, what):
    """Fails the check with `what` unless `condition` holds."""
    if not condition:
        raise Failed(what() if callable(what) else what)


class Report:
    """Counts checks and prints how each went."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def skip(self, suite, check, why):
        """Tells of a check that cannot be there."""
        self.skipped += 1
        print(f"skipped {suite} {check}: {why}", flush=True)

    def run(self, suite, check, function):
        """Runs one check. Whatever it raises is its failure."""
        started = time.monotonic()
        error = _outcome(function)
        if error is not None:
            self.failed += 1
            where = "" if isinstance(error, Failed) else f" at {_place(error)}"
            why = " ".join(f"{type(error).__name__}: {error}{where}".split())
            print(f"not ok {suite} {check}: {why[:1500]}", flush=True)
        else:
            self.passed += 1
            print(f"ok {suite} {check} ({time.monotonic() - started:.1f} s)", flush=True)

    def fell(self, what):
        """Tells of what ended before its checks did."""
        self.failed += 1
        print(f"not ok {what}: it ended by itself", flush=True)

    def add(self, other):
        """Counts the checks of another report."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def close(self):
        """Prints the counts; the exit code."""
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed or not self.passed else 0


def _outcome(function):
    """What the function raised, or `None`. One that hangs is left behind in its thread."""
    outcome = [Failed(f"not done after {LONGEST:.0f} s")]

    def attempt():
        try:
            function()
            outcome[0] = None
        except Exception as error:  # SDKs raise what they like
            outcome[0] = error

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(LONGEST)
    return outcome[0]


def _place(error):
    """The innermost line of this folder that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "suites" in frame.filename or "harness" in frame.filename]
    frame = (own or frames)[-1]
    return f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
