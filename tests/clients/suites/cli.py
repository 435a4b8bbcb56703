"""A client on the command line, in a home and a working folder of its own."""

import os
import platform
import subprocess

from harness import surroundings
from harness.report import Failed

SECONDS = 80
# Whatever a client would ask of the world outside ends here.
NOWHERE = "http://127.0.0.1:1"


def machine():
    """The system and the processor, as npm's packages for a platform name them."""
    processor = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine().lower()]
    return {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}[platform.system()], processor


def surrounded(home, **more):
    """The environment in `home`, without a way out of this machine."""
    return surroundings.clean(
        HOME=home,
        USERPROFILE=home,
        XDG_CONFIG_HOME=os.path.join(home, ".config"),
        XDG_DATA_HOME=os.path.join(home, ".local", "share"),
        XDG_STATE_HOME=os.path.join(home, ".local", "state"),
        XDG_CACHE_HOME=os.path.join(home, ".cache"),
        NO_COLOR="1",
        TERM="dumb",
        DO_NOT_TRACK="1",
        HTTPS_PROXY=NOWHERE,
        HTTP_PROXY=NOWHERE,
        **more,
    )


class Cli:
    """Starts a program anew for each thing that is said to it."""

    def __init__(self, stage, name, *command, **environment):
        own = os.path.join(stage.folder, stage.upstream.prefix + name)
        self.home, self.work = os.path.join(own, "home"), os.path.join(own, "work")
        os.makedirs(self.home)
        os.makedirs(self.work)
        self.command = command
        self.environment = environment

    def file(self, name, text):
        """Writes a file below the home; its path."""
        path = os.path.join(self.home, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def start(self, *arguments, **more):
        return subprocess.Popen(
            [*self.command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.work,
            env=surrounded(self.home, **self.environment | more),
        )

    def say(self, *arguments, given="", seconds=SECONDS, **more):
        """All that it prints."""
        process = self.start(*arguments, **more)
        try:
            return process.communicate(given.encode(), timeout=seconds)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[0].decode(errors="replace")
            raise Failed(f"not done after {seconds} s: {said[-800:]}") from None
