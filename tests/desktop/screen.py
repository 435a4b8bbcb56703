"""A virtual screen with a window manager and a tray, and hands to use it."""

import os
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).parent
SIZE = "1280x900x24"


class Screen:
    """`with Screen(folder) as screen:`; everything started on it ends with it."""

    def __init__(self, shots: Path, tray: bool = True):
        self.shots = shots
        self.tray = tray
        self.started = []
        self.taken = 0

    def __enter__(self):
        reading, writing = os.pipe()
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", SIZE, "-nolisten", "tcp", "-noreset"],
            pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        self.started.append(server)
        with os.fdopen(reading) as told:
            self.display = f":{told.readline().strip()}"
        self.start("openbox", "--sm-disable")
        if self.tray:
            self.start_tray()
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            process.terminate()
        for process in self.started:
            process.wait(10)

    @property
    def environment(self):
        return {**os.environ, "DISPLAY": self.display, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "NO_AT_BRIDGE": "1"}

    def start(self, *command):
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.started.append(process)
        return process

    def start_tray(self):
        return self.start("tint2", "-c", str(HERE / "tint2rc"))

    def start_notifications(self):
        """A server of notifications whose notes open with a left click."""
        return self.start("dunst", "-conf", str(HERE / "dunstrc"))

    def notification(self):
        """The window of a note on the screen."""
        shown = self.do("xdotool", "search", "--onlyvisible", "--class", "Dunst", check=False).split()
        return shown[0] if shown else None

    def do(self, *command, check=True):
        done = subprocess.run(command, env=self.environment, text=True, capture_output=True, timeout=30)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip() or done.returncode}")
        return done.stdout.strip()

    def do_bytes(self, *command, given=None):
        return subprocess.run(command, env=self.environment, input=given, capture_output=True, timeout=30, check=True).stdout

    def shoot(self, name):
        """Keeps a picture of the whole screen."""
        self.taken += 1
        self.shots.mkdir(parents=True, exist_ok=True)
        path = self.shots / f"{self.taken:02}-{name}.png"
        self.do("import", "-window", "root", str(path))
        return path

    def windows(self, pid, name="."):
        """Visible windows of a process, by their title."""
        found = self.do("xdotool", "search", "--onlyvisible", "--all", "--pid", str(pid), "--name", name, check=False)
        return found.split()

    def geometry(self, window):
        """Left, top, width and height; nothing of a window that is gone."""
        shown = self.do("xdotool", "getwindowgeometry", "--shell", window, check=False)
        if not shown:
            return (0, 0, 0, 0)
        values = dict(line.split("=") for line in shown.splitlines())
        return tuple(int(values[key]) for key in ("X", "Y", "WIDTH", "HEIGHT"))

    def click(self, x, y, button=1):
        # Not `--sync`: that waits for a move, and for long where the pointer already is.
        self.do("xdotool", "mousemove", str(x), str(y), "click", str(button))

    def keys(self, *names):
        for name in names:
            self.do("xdotool", "key", "--clearmodifiers", name)
            time.sleep(0.15)  # A menu that is walked faster than it is drawn loses keys.

    def colours(self, x, y, width, height):
        """How many colours a part of the screen shows."""
        shot = self.picture(x, y, width, height)
        counted = self.do_bytes("convert", "ppm:-", "-unique-colors", "-format", "%w", "info:-", given=shot)
        return int(counted)

    def picture(self, x, y, width, height):
        """A part of the screen, as bytes that are the same when it looks the same."""
        return self.do_bytes("import", "-window", "root", "-crop", f"{width}x{height}+{x}+{y}", "ppm:-")

    def has_tray_icon(self):
        """Whether the tray holds an icon: a pixel of its place differs from the panel."""
        return self.colours(2, 3, 30, 24) > 2

    def clipboard(self):
        return self.do("xclip", "-selection", "clipboard", "-out")


def until(wanted, what, seconds=20.0):
    """What `wanted` returns once it is true."""
    end = time.monotonic() + seconds
    while True:
        found = wanted()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)
