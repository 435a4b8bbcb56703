"""Instructor, with the SDKs below it that it wants."""

from suites import node


def run(stage):
    node.run(stage, "instructor", "structured.py")
