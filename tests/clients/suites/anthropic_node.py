"""The official `@anthropic-ai/sdk` for Node."""

from suites import node


def run(stage):
    node.run(stage, "anthropic-node", "anthropic.mjs")
