"""Journeys through the real tray app on a virtual screen. Run by `cargo xtask desktop`, within a session bus of its own."""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

import journeys
from app import App
from screen import Screen


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("filter", nargs="?", default="")
    parser.add_argument("--app", type=Path, required=True)
    parser.add_argument("--screens", type=Path, default=Path("target/desktop-screens"))
    arguments = parser.parse_args()
    failed = 0
    for journey in journeys.ALL:
        name = journey.__name__.replace("_", "-")
        if arguments.filter not in name:
            continue
        began = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix="switchboard-") as home, \
                    Screen(arguments.screens / name, tray=getattr(journey, "tray", True)) as screen:
                app = App(arguments.app.resolve(), screen, Path(home))
                try:
                    journey(screen, app)
                except BaseException:
                    screen.shoot("failed")
                    if app.log.exists():
                        print(app.log.read_text()[-3000:], file=sys.stderr)
                    raise
                finally:
                    app.stop()
            print(f"ok    {name}  {time.monotonic() - began:.1f} s", flush=True)
        except Exception:  # One journey that fails says nothing about the next.
            failed += 1
            traceback.print_exc()
            print(f"FAIL  {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
