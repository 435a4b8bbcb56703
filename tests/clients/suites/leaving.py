"""A client leaves: the emulator must see its upstream request end soon after."""

import time

from harness.report import need

# From the sign to leave to the upstream's end: a program takes its time to end on a busy machine. The answers that are
# left go on for longer than that by themselves.
SECONDS = 5.0


def upstream_ends(stage, mark, leave):
    """Calls `leave`, which makes the client close, and waits for the upstream request with `mark` to be dropped."""
    need(stage.emulator.running(mark), "no answer was under way when the client was to leave")
    started = time.monotonic()
    leave()
    after = stage.emulator.wait_left(mark, max(0.0, started + SECONDS - time.monotonic()))
    need(after is not None, f"the upstream request was still open {SECONDS} s after the client left")
