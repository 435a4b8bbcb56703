"""What Kiro takes in a chat, in words of these checks' own, held against requests that were received.

Nothing here knows the product or the emulator: where one of them has a rule wrong, the other two say so.
"""

import base64
import json
import re
import uuid

from .report import need

TARGET = "AmazonCodeWhispererStreamingService.GenerateAssistantResponse"
REST_PATH = "/generateAssistantResponse"
PROFILE = re.compile(r"arn:aws(-us-gov)?:codewhisperer:[a-z0-9-]+:\d{12}:profile/[A-Za-z0-9-]+")
# The strictest forms that were seen to work everywhere.
CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
TOOL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
LONGEST_DESCRIPTION = 9216
MOST_TOOLS = 119
PICTURES = {"png": b"\x89PNG", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8", "webp": b"RIFF"}
DOCUMENTS = {"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"}
REFUSED_IN_SCHEMAS = {"$schema", "$id", "$ref", "$defs", "definitions", "additionalProperties"}

STATE = {"conversationId", "chatTriggerType", "agentTaskType", "agentContinuationId", "history", "currentMessage"}
USER = {"content", "modelId", "origin", "userInputMessageContext", "images", "documents"}
ASSISTANT = {"content", "toolUses", "reasoningContent"}
BODY = {"conversationState", "profileArn", "additionalModelRequestFields"}
# What each kind of account says of its token, and the shape that it is taken in.
TOKEN_TYPES = {"api-key": "API_KEY", "external": "EXTERNAL_IDP"}
WITHOUT_PROFILE = {"api-key", "builder-id"}


def check_headers(request):
    """The headers, and what the body must say alike."""
    body = json.loads(request.body)
    need(request.method == "POST", request.method)
    rest = request.path == REST_PATH
    need(rest or request.path == "/", request.path)
    content_type = "application/json" if rest else "application/x-amz-json-1.0"
    need(request.header("content-type") == content_type, request.header("content-type"))
    # Both say the operation where the path does not.
    need(request.header("x-amz-target") == (None if rest else TARGET), request.header("x-amz-target"))
    need(request.header("x-amzn-codewhisperer-optout") == "true", "the content is shared although nobody agreed")
    bearer = request.header("authorization") or ""
    need(bearer.startswith("Bearer ") and len(bearer) > 10, "no bearer token")
    need(bearer.startswith("Bearer ksk_") == (request.caller == "api-key"), "another account's token")
    need(request.header("tokentype") == TOKEN_TYPES.get(request.caller), request.header("tokentype"))
    # Our own name, and nobody else's.
    agent = f"{request.header('user-agent')} {request.header('x-amz-user-agent') or ''}"
    need(agent.lower().startswith("switchboard/"), agent)
    need(not re.search(r"kiro|aws-sdk|amazonq|claude|codewhisperer", agent, re.IGNORECASE), agent)
    uuid.UUID(request.header("amz-sdk-invocation-id"))
    attempt = request.header("amz-sdk-request") or ""
    need(re.fullmatch(r"attempt=\d; max=\d", attempt), attempt)
    profile, state = body.get("profileArn"), body["conversationState"]
    if request.caller in WITHOUT_PROFILE:
        named = [profile, request.header("x-amzn-kiro-profile-arn"), request.header("x-amzn-kiro-agent-mode")]
        need(named == [None] * 3, lambda: f"the account has no profile, sent was {named}")
        uuid.UUID(state["agentContinuationId"])
        need(_current(state)["origin"] == "KIRO_CLI", lambda: _current(state)["origin"])
    else:
        need(PROFILE.fullmatch(profile or ""), f"profileArn {profile}")
        need(request.header("x-amzn-kiro-profile-arn") == profile, "the header has another profile")
        need(request.header("x-amzn-kiro-agent-mode") == "vibe", request.header("x-amzn-kiro-agent-mode"))
        need("agentContinuationId" not in state, "a member of the other shape")
        need(_current(state)["origin"] == "AI_EDITOR", lambda: _current(state)["origin"])


def check_body(request):
    """The conversation."""
    body = json.loads(request.body)
    _members(body, BODY, "the body")
    state = body["conversationState"]
    _members(state, STATE, "conversationState")
    need(state["chatTriggerType"] == "MANUAL", state["chatTriggerType"])
    need(state.get("agentTaskType") in (None, "vibe"), lambda: state["agentTaskType"])
    uuid.UUID(state["conversationId"])
    history = state.get("history", [])
    check_turns(history, state["currentMessage"])
    current = _current(state)
    tools = check_tools(current.get("userInputMessageContext", {}).get("tools", []))
    check_calls(history, current, tools)
    thoughts = 0
    for entry in history:
        if "assistantResponseMessage" in entry:
            thoughts += _check_assistant(entry["assistantResponseMessage"])
    for user in [entry["userInputMessage"] for entry in history[::2]] + [current]:
        _check_user(user, current)
    if thoughts:
        need(not current["content"].startswith("<thinking_mode>"), "thoughts are replayed to a model without its own")


def check_turns(history, current):
    """Both speak in turn; the person speaks first and now."""
    roles = [_only(entry) for entry in history]
    wanted = [("userInputMessage", "assistantResponseMessage")[at % 2] for at in range(len(history))]
    need(roles == wanted and len(roles) % 2 == 0, lambda: f"the history's roles are {roles}")
    need(_only(current) == "userInputMessage", "it is not the person's turn")
    for at, entry in enumerate([*history, current]):
        content = entry[_only(entry)].get("content")
        need(isinstance(content, str) and content != "", f"entry {at} has no content")


def check_tools(tools):
    """The names of the tools, in small letters."""
    names = []
    for tool in tools:
        need(list(tool) == ["toolSpecification"], lambda: f"a tool is {list(tool)}")
        said = tool["toolSpecification"]
        _members(said, {"name", "description", "inputSchema"}, "a tool")
        need(TOOL_NAME.fullmatch(said["name"]), f"a tool is called {said['name']!r}")
        need(0 < len(said.get("description", "")) <= LONGEST_DESCRIPTION, f"the description of {said['name']}")
        _members(said["inputSchema"], {"json"}, "inputSchema")
        schema = said["inputSchema"]["json"]
        need(schema.get("type") == "object" and isinstance(schema.get("properties"), dict), f"schema {schema}")
        need(not {"oneOf", "anyOf", "allOf"} & set(schema), f"the schema of {said['name']} has choices at its root")
        _check_schema(schema, said["name"])
        names.append(said["name"])
    need(len(set(names)) == len(names), lambda: f"a name twice: {sorted(names)}")
    need(len(names) <= MOST_TOOLS, f"{len(names)} tools")
    return {name.lower() for name in names}


def check_calls(history, current, tools):
    """Every call has one result in the very next turn, and every result its call."""
    users = [entry["userInputMessage"] for entry in history[::2]] + [current]
    assistants = [entry["assistantResponseMessage"] for entry in history[1::2]]
    need(not _results(users[0]), "results before any call")
    used = set()
    for assistant, user in zip(assistants, users[1:]):
        calls = assistant.get("toolUses", [])
        for call in calls:
            _members(call, {"toolUseId", "name", "input"}, "a call")
            need(CALL_ID.fullmatch(call["toolUseId"]), f"a call's id is {call['toolUseId']!r}")
            need(call["toolUseId"] not in used, f"two calls are {call['toolUseId']}")
            used.add(call["toolUseId"])
            need(call["name"].lower() in tools, f"{call['name']} was called and is no tool")
            need(isinstance(call["input"], dict), lambda: f"the arguments are {call['input']!r}")
        asked = sorted(call["toolUseId"] for call in calls)
        answered = sorted(result["toolUseId"] for result in _results(user))
        need(asked == answered, lambda: f"called were {asked}, answered are {answered}")
    for user in users:
        for result in _results(user):
            _members(result, {"toolUseId", "content", "status"}, "a result")
            need(result["status"] in ("success", "error"), result["status"])
            need(result["content"], "a result without content")
            for part in result["content"]:
                need(list(part) in (["text"], ["json"]) and part.get("text") != "", lambda: f"a result's part {part}")
        need(user is current or "tools" not in user.get("userInputMessageContext", {}), "tools in the history")


def _check_user(user, current):
    _members(user, USER, "a user's entry")
    need(user["modelId"] == current["modelId"], lambda: f"{user['modelId']} beside {current['modelId']}")
    need(user["origin"] == current["origin"], lambda: f"{user['origin']} beside {current['origin']}")
    if "userInputMessageContext" in user:
        context = user["userInputMessageContext"]
        _members(context, {"tools", "toolResults"}, "userInputMessageContext")
        need(all(context.values()), lambda: f"empty in the context: {context}")
    for image in user.get("images", []):
        _members(image, {"format", "source"}, "an image")
        data = base64.b64decode(image["source"]["bytes"], validate=True)
        need(data.startswith(PICTURES[image["format"]]), f"an image is no {image['format']}")
    for document in user.get("documents", []):
        _members(document, {"name", "format", "source"}, "a document")
        need(document["format"] in DOCUMENTS and document["name"], lambda: f"a document {document['name']}")
        base64.b64decode(document["source"]["bytes"], validate=True)


def _check_assistant(assistant):
    """Whether it has a thought."""
    _members(assistant, ASSISTANT, "an assistant's entry")
    need("toolUses" not in assistant or assistant["toolUses"], "an empty list of calls")
    thought = assistant.get("reasoningContent")
    if thought is None:
        return False
    need(list(thought) in (["reasoningText"], ["redactedContent"]), lambda: f"a thought has {list(thought)}")
    if "reasoningText" in thought:
        _members(thought["reasoningText"], {"text", "signature"}, "reasoningText")
    else:
        base64.b64decode(thought["redactedContent"], validate=True)
    return True


def _check_schema(schema, name):
    """Keywords anywhere; the members of `properties` are names, not keywords."""
    if not isinstance(schema, dict):
        return
    refused = REFUSED_IN_SCHEMAS & set(schema)
    need(not refused, lambda: f"{name} has {refused}")
    need(schema.get("required", [""]) not in ([], None), f"{name} has an empty required")
    for keyword, value in schema.items():
        if keyword == "properties":
            need(isinstance(value, dict), f"{name} has properties {value}")
            for inner in value.values():
                _check_schema(inner, name)
        elif keyword in ("items", "not"):
            _check_schema(value, name)
        elif keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
            for inner in value:
                _check_schema(inner, name)


def _results(user):
    return user.get("userInputMessageContext", {}).get("toolResults", [])


def _current(state):
    return state["currentMessage"]["userInputMessage"]


def _only(entry):
    need(len(entry) == 1, lambda: f"an entry has {list(entry)}")
    return next(iter(entry))


def _members(value, known, what):
    need(isinstance(value, dict), lambda: f"{what} is {value!r}"[:200])
    need(set(value) <= known, lambda: f"{what} has {set(value) - known}")
