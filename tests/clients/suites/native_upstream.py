"""What the product sends to Anthropic's own API on Bedrock: every request of this round that reached the emulator."""

from harness.report import need

NAME = "upstream"
# What goes to InvokeModel: an answer by a schema, which that API does not give, and a model that is not there.
FORMAT = b'"output_config":{"format"'
OLDER = "claude-sonnet-4-5-20250929"


class Suite:
    """The checks."""

    def __init__(self, stage):
        self.stage = stage

    def went_there(self):
        requests = self.stage.requests()
        there = [request for request in requests if request.operation == "Messages"]
        need(len(there) > 20, lambda: f"only {len(there)} of {len(requests)} requests")
        others = [
            f"{request.operation} {request.path}"
            for request in requests
            if request.operation.startswith(("Invoke", "Converse"))
            and FORMAT not in request.body
            and OLDER not in request.path
        ]
        need(not others, lambda: f"{len(others)} went another way: {others[:3]}")

    def refusals(self):
        # Faults are asked for; CountTokens does not know the newer models, and that API not the older ones.
        wrong = [
            f"{request.path} {request.refused}"
            for request in self.stage.requests()
            if request.refused
            and b"[[fault:" not in request.body
            and request.operation != "CountTokens"
            and OLDER.encode() not in request.body
        ]
        need(not wrong, lambda: f"{len(wrong)} refused: {'; '.join(sorted(set(wrong))[:5])}")


def run(stage):
    suite = Suite(stage)
    for name, check in {"went-there": suite.went_there, "refusals": suite.refusals}.items():
        stage.check(NAME, name, check)
