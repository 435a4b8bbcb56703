"""The official `openai` package for Node: responses."""

from suites import node


def run(stage):
    node.run(stage, "openai-responses-node", "responses.mjs")
