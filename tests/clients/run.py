"""Runs real clients against Switchboard, with the emulator as its upstream.

    python tests/clients/run.py --switchboard BIN --emulator BIN --node NODE --modules DIR [SUITE ...]

`cargo xtask clients` installs what is needed and calls this. Prints one line a check and the counts at the end.
"""

import argparse
import importlib
import multiprocessing
import os
import sys
import tempfile
import warnings
from dataclasses import dataclass

from harness import surroundings, upstream
from harness.emulator import Emulator
from harness.proxy import Proxy
from harness.report import Report
from harness.upstream import Upstream

CLIENTS = [
    "anthropic_python", "openai_python", "openai_responses", "anthropic_node", "openai_node", "openai_responses_node", "ai_sdk",
    "langchain", "pydantic_ai", "openai_agents", "instructor", "llm",
    "codex", "opencode", "claude_code", "connected", "long_session",
]
# What tells most about another way to the same models.
TELLING = ["anthropic_python", "claude_code"]
# Each upstream's own view comes last: it judges what all others made the product send.
ROUNDS = [
    (upstream.bedrock, CLIENTS, "upstream"),
    (upstream.native, TELLING, "native_upstream"),
    (upstream.kiro, CLIENTS, "kiro_upstream"),
]


@dataclass
class Stage:
    """What a suite may use."""

    proxy: Proxy
    emulator: Emulator
    report: Report
    node: str
    modules: str
    # With packages of other versions than this one's.
    other_python: str
    folder: str
    upstream: Upstream

    def check(self, suite, name, function):
        """Runs a check on a rested account, unless the upstream cannot have it."""
        suite = self.upstream.prefix + suite
        if name in self.upstream.skipped:
            self.report.skip(suite, name, self.upstream.skipped[name])
            return

        def rested():
            self.proxy.activate()
            function()

        self.report.run(suite, name, rested)

    def requests(self):
        """What the upstream saw."""
        return self.emulator.requests()


def go_round(arguments, source, suites, folder, counts):
    """Runs suites against one upstream, in a process of its own, and sends how many checks went how."""
    surroundings.clean_own()
    # SDKs warn of models that will retire; here no model is asked.
    warnings.simplefilter("ignore", DeprecationWarning)
    report = Report()
    os.makedirs(folder)
    try:
        with Emulator(arguments.emulator, os.path.join(folder, "emulator.log")) as emulator:
            with Proxy(arguments.switchboard, folder) as proxy:
                programs = (arguments.node, os.path.abspath(arguments.modules), arguments.other_python)
                stage = Stage(proxy, emulator, report, *programs, folder, source(emulator.url))
                proxy.use(stage.upstream.account)
                for suite in suites:
                    importlib.import_module(f"suites.{suite}").run(stage)
                if report.failed:
                    print(proxy.tail(), file=sys.stderr)
    finally:
        counts.send(report)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--switchboard", required=True)
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--node", default="node")
    parser.add_argument("--modules", required=True, help="the folder with node_modules")
    parser.add_argument("--other-python", default=sys.executable, help="the interpreter with the packages of requirements-other.txt")
    parser.add_argument("only", nargs="*", help="suites whose name contains one of these")
    arguments = parser.parse_args()
    wanted = [word.replace("-", "_") for word in arguments.only]
    known = [
        (source("").prefix + suite, source, module)
        for source, clients, own_view in ROUNDS
        for suite, module in [*zip(clients, clients), ("upstream", own_view)]
    ]
    chosen = [row for row in known if not wanted or any(word in row[0] for word in wanted)]
    if not chosen:
        parser.error(f"no such suite; there are {', '.join(name for name, _, _ in known)}")
    report = Report()
    # A process that is made anew shares nothing with us, on any system.
    processes = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="switchboard-clients-", ignore_cleanup_errors=True) as folder:
        rounds = []
        for source, _, _ in ROUNDS:
            suites = [module for _, own, module in chosen if own is source]
            if suites:
                mine, theirs = processes.Pipe(duplex=False)
                place = os.path.join(folder, source.__name__)
                process = processes.Process(target=go_round, args=(arguments, source, suites, place, theirs))
                rounds.append((source.__name__, process, mine))
        # Each has a product and an emulator of its own: they need not wait for each other.
        for _, process, _ in rounds:
            process.start()
        for name, process, mine in rounds:
            process.join()
            if mine.poll():
                report.add(mine.recv())
            if process.exitcode:
                report.fell(name)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
