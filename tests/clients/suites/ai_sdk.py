"""Vercel's AI SDK."""

from suites import node


def run(stage):
    node.run(stage, "ai-sdk", "ai_sdk.mjs")
