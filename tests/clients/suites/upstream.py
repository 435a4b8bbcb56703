"""What the product sends to AWS, judged by AWS's own library: every request that reached the emulator so far, and some
that no SDK brings about."""

import dataclasses
import json
from collections import Counter

from harness import aws_signature
from harness.aws_model import Description
from harness.emulator import ACCESS_KEY_ID, API_KEY, SECRET_ACCESS_KEY
from harness.report import Failed, need
from harness.words import CLAUDE, PNG, colourful, hello, nonce

NAME = "upstream"
OTHER, SEEING = "gpt-oss-120b", "nova-pro"  # Converse
OPERATIONS = [
    "InvokeModel",
    "InvokeModelWithResponseStream",
    "Converse",
    "ConverseStream",
    "CountTokens",
    "ListFoundationModels",
    "ListInferenceProfiles",
]
# Bedrock's OpenAI surfaces, which botocore does not describe: the emulator's rules and the signature hold for them.
SURFACES = ["/openai/v1/chat/completions", "/openai/v1/responses"]
# A temporary key that the emulator does not know. It refuses; the signature is there all the same.
STRANGER = ("ASIASTRANGER00000000", "stranger/secret+stranger/secret+00000000", "token/with+every==kind")
# Colons and slashes of a name must be encoded in the path once, and once more under the signature.
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
REGION = "us-east-1"
OTHER_REGION = "eu-west-3"


class Suite:
    """The checks."""

    def __init__(self, stage):
        self.stage = stage
        self.description = Description()
        self.secrets = {
            ACCESS_KEY_ID: (SECRET_ACCESS_KEY, None),
            STRANGER[0]: STRANGER[1:],
        }

    def ask(self, path, wanted=200, **body):
        status, answer = self.stage.proxy.call("POST", path, body)
        need(status == wanted, lambda: f"{status} {answer[:600]}")

    def catch_up(self):
        """Waits until all that was sent is known here: news come in order."""
        mark = nonce()
        self.ask("/v1/messages", model=CLAUDE, max_tokens=100, messages=[{"role": "user", "content": hello(mark)}])
        need(self.stage.emulator.wait_for(mark, 5), "the emulator does not tell what it sees")

    def every_operation(self):
        for model in (CLAUDE, OTHER):
            for stream in (False, True):
                messages = [{"role": "user", "content": colourful(nonce())}]
                self.ask("/v1/messages", model=model, max_tokens=100, messages=messages, stream=stream)
                self.ask("/v1/chat/completions", model=model, messages=messages, stream=stream)
        messages = [{"role": "user", "content": hello(nonce())}]
        self.ask("/v1/messages/count_tokens", model=CLAUDE, messages=messages)
        self.stage.proxy.admin("GET", "/api/models?refresh=true")
        self.catch_up()
        missing = set(OPERATIONS) - {request.operation for request in self.stage.requests()}
        need(not missing, lambda: f"nothing asked for {missing}")

    def everything_said(self):
        # All that a conversation may hold, to both wires.
        tool = {"name": "get_weather", "description": "d", "input_schema": {"type": "object", "properties": {}}}
        picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
        page = {"type": "text", "media_type": "text/plain", "data": "a page"}
        document = {"type": "document", "source": page, "title": "Page (1)", "cache_control": {"type": "ephemeral"}}
        given = {"city": "Paris", "n": [1.5, None]}
        called = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": given}
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True}
        messages = [
            {"role": "user", "content": [document, picture]},
            {"role": "assistant", "content": [{"type": "text", "text": "so"}, called]},
            {"role": "user", "content": [result | {"content": [{"type": "text", "text": "no"}, picture]}]},
            {"role": "user", "content": hello(nonce())},
        ]
        asked = {"messages": messages, "tools": [tool], "tool_choice": {"type": "auto"}, "system": "Be brief."}
        tuned = {"max_tokens": 100, "temperature": 0.5, "stop_sequences": ["stop"], "metadata": {"user_id": "u"}}
        self.ask("/v1/messages", model=CLAUDE, **asked, **tuned)
        self.ask("/v1/messages", model=SEEING, **asked, **tuned)
        self.ask("/v1/messages/count_tokens", model=CLAUDE, **asked)
        self.ask("/v1/messages/count_tokens", model=SEEING, **asked)

    def every_model(self):
        # Where the product thinks that a model takes less or more than it does, the emulator says so.
        schema = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
        formatted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema | {"required": ["a"]}}}
        tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
        models = [model["id"] for model in self.stage.proxy.admin("GET", "/v1/models")["data"]]
        need(len(models) > 50, lambda: models)
        wrong = []
        for model in models:
            for more in (
                {"temperature": 0.3, "top_p": 0.9, "stop": ["x"]},
                {"reasoning_effort": "high", "stream": True},
                {"response_format": formatted, "stream": True},
                {"tools": [tool], "tool_choice": "required", "parallel_tool_calls": False},
            ):
                messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": hello(nonce())}]
                body = {"model": model, "messages": messages} | more
                status, answer = self.stage.proxy.call("POST", "/v1/chat/completions", body)
                toolless = "tools" in more and status == 400 and "doesn't support tool use" in answer
                if (status != 200 or '"error"' in answer) and not toolless:
                    wrong.append(f"{model} with {', '.join(more)}: {status} {answer[:200]}")
        self.catch_up()
        need(not wrong, lambda: f"{len(wrong)} of {len(models)} models: {'; '.join(wrong)}")

    def profile_arn(self):
        mark = nonce()
        self.ask("/v1/messages", model=PROFILE, max_tokens=100, messages=[{"role": "user", "content": hello(mark)}])
        paths = [request.path for request in self.stage.emulator.about(mark)]
        need(paths and all("inference-profile%2Fus.anthropic" in path for path in paths), lambda: paths)

    def sent_by(self, name, **credential):
        """What another account sends when it is tested."""
        proxy = self.stage.proxy
        account = {"name": name, "provider": "bedrock", "region": OTHER_REGION, "endpoint_url": self.stage.emulator.url}
        made = proxy.admin("POST", "/api/accounts", account | {"credential": credential})["id"]
        before = len(self.stage.requests())
        try:
            proxy.admin("POST", f"/api/accounts/{made}/test")
        finally:
            proxy.admin("DELETE", f"/api/accounts/{made}")
        self.catch_up()
        return self.stage.requests()[before:]

    def session_token(self):
        key, secret, token = STRANGER
        sent = self.sent_by(
            "Stranger", kind="access_key", access_key_id=key, secret_access_key=secret, session_token=token
        )
        need(any(request.header("x-amz-security-token") == token for request in sent), "no request has the token")

    def api_key(self):
        own = [r for r in self.sent_by("Keyed", kind="bedrock_api_key", api_key=API_KEY) if _is_keyed(r)]
        need(own, "no request has the API key")
        need(not any(request.refused for request in own), lambda: [request.refused for request in own])

    def valid(self):
        self.each(lambda request: request.path in SURFACES or self.description.check(request))

    def signed(self):
        self.each(lambda request: _is_keyed(request) or self.check_signature(request))

    def check_signature(self, request):
        aws_signature.check(request, self.secrets, [REGION, OTHER_REGION])

    def each(self, check):
        """Holds every request against `check`; fails with how many did not pass, and the first of each reason."""
        requests = self.stage.requests()
        need(len(requests) >= len(OPERATIONS), f"there are only {len(requests)} requests")
        reasons = {}
        for request in requests:
            try:
                check(request)
            except Failed as failed:
                reasons.setdefault(str(failed)[:300], []).append(request)
        need(
            not reasons,
            lambda: "; ".join(f"{len(bad)} of {len(requests)}: {why}" for why, bad in reasons.items()),
        )

    def refusals(self):
        # Faults are asked for, and the stranger must be refused.
        wrong = [
            f"{request.method} {request.path} {request.refused}"
            for request in self.stage.requests()
            if request.refused and b"[[fault:" not in request.body and not _is_stranger(request)
        ]
        need(not wrong, lambda: f"{len(wrong)} refused: {'; '.join(sorted(set(wrong))[:5])}")

    def notices(self):
        """Damage of every kind must be found, else the checks before this one mean nothing."""
        known = [request for request in self.stage.requests() if not request.refused]
        said = next(request for request in known if request.operation == "Converse")
        listed = next(request for request in known if request.operation == "ListFoundationModels")
        body = json.loads(said.body)
        role = [body["messages"][0] | {"role": "robot"}]
        for name, request, change in [
            ("an unknown member", said, {"body": _json(body | {"colour": "red"})}),
            ("a wrong type", said, {"body": _json(body | {"messages": "hello"})}),
            ("a wrong enumeration", said, {"body": _json(body | {"messages": role})}),
            ("a model id that is not encoded", said, {"path": said.path.replace("%3A", ":")}),
            ("no such path", said, {"path": said.path + "s"}),
            ("an unknown query", listed, {"path": listed.path + "?colour=red"}),
        ]:
            _must_fail(name, lambda: self.description.check(dataclasses.replace(request, **change)))
        for name, change in [
            ("another body", {"body": said.body + b" "}),
            ("another path", {"path": said.path.replace("/model/", "/model/x")}),
            ("another date", {"headers": _with(said, "x-amz-date", "20200101T000000Z")}),
            ("an unsigned header", {"headers": [*said.headers, ("x-amz-new", "1")]}),
            ("no signature", {"headers": _with(said, "authorization", "Bearer key")}),
        ]:
            _must_fail(name, lambda: self.check_signature(dataclasses.replace(said, **change)))


def _is_keyed(request):
    return request.header("authorization") == f"Bearer {API_KEY}"


def _is_stranger(request):
    return STRANGER[0] in (request.header("authorization") or "")


def _json(value):
    return json.dumps(value, ensure_ascii=False).encode()


def _with(request, name, value):
    return [(key, value if key == name else old) for key, old in request.headers]


def _must_fail(name, check):
    try:
        check()
    except Failed:
        return
    raise Failed(f"{name} was not noticed")


def run(stage):
    suite = Suite(stage)
    checks = {
        "every-operation": suite.every_operation,
        "everything-said": suite.everything_said,
        "profile-arn": suite.profile_arn,
        "session-token": suite.session_token,
        "api-key": suite.api_key,
        "no-refusal": suite.refusals,
        # Some models are known to refuse first, and to take a second request that says it otherwise.
        "every-model": suite.every_model,
        "requests-valid": suite.valid,
        "requests-signed": suite.signed,
        "damage-noticed": suite.notices,
    }
    for name, check in checks.items():
        stage.check(NAME, name, check)
    seen = Counter(request.operation for request in stage.requests())
    print("   ", ", ".join(f"{count} {operation}" for operation, count in seen.most_common()), flush=True)
