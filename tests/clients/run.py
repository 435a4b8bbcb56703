"""Runs real clients against Switchboard, with the emulator as its upstream.

    python tests/clients/run.py --switchboard BIN --emulator BIN --node NODE --modules DIR [SUITE ...]

`cargo xtask clients` installs what is needed and calls this. Prints one line a check and the counts at the end.
"""

import argparse
import importlib
import os
import sys
import tempfile
import warnings
from dataclasses import dataclass

from harness import surroundings
from harness.emulator import Emulator
from harness.proxy import Proxy
from harness.report import Report

# The upstream's own view comes last: it judges what all others made the product send.
SUITES = ["anthropic_python", "openai_python", "anthropic_node", "openai_node", "claude_code", "upstream"]


@dataclass
class Stage:
    """What a suite may use."""

    proxy: Proxy
    emulator: Emulator
    report: Report
    node: str
    modules: str
    folder: str

    def check(self, suite, name, function):
        """Runs a check on a rested account."""

        def rested():
            self.proxy.activate()
            function()

        self.report.run(suite, name, rested)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--switchboard", required=True)
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--node", default="node")
    parser.add_argument("--modules", required=True, help="the folder with node_modules")
    parser.add_argument("only", nargs="*", help="suites whose name contains one of these")
    arguments = parser.parse_args()
    wanted = [word.replace("-", "_") for word in arguments.only]
    chosen = [suite for suite in SUITES if not wanted or any(word in suite for word in wanted)]
    if not chosen:
        parser.error(f"no such suite; there are {', '.join(SUITES)}")
    surroundings.clean_own()
    # SDKs warn of models that will retire; here no model is asked.
    warnings.simplefilter("ignore", DeprecationWarning)
    report = Report()
    with tempfile.TemporaryDirectory(prefix="switchboard-clients-", ignore_cleanup_errors=True) as folder:
        with Emulator(arguments.emulator, os.path.join(folder, "emulator.log")) as emulator:
            with Proxy(arguments.switchboard, folder, emulator.url) as proxy:
                modules = os.path.abspath(arguments.modules)
                stage = Stage(proxy, emulator, report, arguments.node, modules, folder)
                for suite in chosen:
                    importlib.import_module(f"suites.{suite}").run(stage)
                if report.failed:
                    print(proxy.tail(), file=sys.stderr)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
