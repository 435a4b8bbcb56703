"""The official `openai` package for Node."""

from suites import node


def run(stage):
    node.run(stage, "openai-node", "openai.mjs")
