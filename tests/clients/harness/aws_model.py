"""AWS's own description of Bedrock, as botocore carries it, held against requests that were received."""

import base64
import json
import re
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore.awsrequest import prepare_request_dict
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

from .report import Failed, need

# Every service of this host role; an emulator serves both under one address.
SERVICES = ["bedrock-runtime", "bedrock"]
# What a body's member of this type is, once the JSON is read.
READ = {"blob": lambda value: base64.b64decode(value, validate=True)}


class Description:
    """The operations of both services."""

    def __init__(self):
        loader = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
        self.operations = []
        for name in SERVICES:
            service = ServiceModel(loader.load_service_model(name, "service-2"), name)
            for operation in map(service.operation_model, service.operation_names):
                self.operations.append((operation, _pattern(operation.http["requestUri"])))

    def find(self, request):
        """The operation that a request's method and path belong to, and the values in the path."""
        path = urlsplit(request.path).path
        for operation, pattern in self.operations:
            found = pattern.fullmatch(path)
            if found and operation.http["method"] == request.method:
                return operation, {name: unquote(value) for name, value in found.groupdict().items()}
        raise Failed(f"AWS has no {request.method} {path}")

    def check(self, request):
        """Fails unless botocore takes the request's parameters and would send the same for them. The name of the
        operation."""
        operation, in_path = self.find(request)
        parameters = _parameters(operation, request, in_path)
        report = ParamValidator().validate(parameters, operation.input_shape)
        need(not report.has_errors(), lambda: f"{operation.name}: {report.generate_report()}")
        _check_strings(parameters, operation.input_shape, operation.name)
        _check_same(operation, parameters, request)
        return operation.name


def _pattern(uri):
    """An operation's path with a named group for each of its variables."""
    parts = re.split(r"(\{\w+\+?\})", uri.split("?")[0])
    return re.compile("".join(_group(part) if part.startswith("{") else re.escape(part) for part in parts))


def _group(variable):
    name = variable.strip("{}")
    return f"(?P<{name.rstrip('+')}>{'.+' if name.endswith('+') else '[^/]+'})"


def _parameters(operation, request, in_path):
    """What a caller of botocore would have given for this request."""
    shape = operation.input_shape
    payload = shape.serialization.get("payload")
    query = dict(parse_qsl(urlsplit(request.path).query, keep_blank_values=True, strict_parsing=False))
    parameters = {}
    for name, member in shape.members.items():
        place = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        if place == "uri":
            value = in_path[wire_name]
        elif place == "querystring":
            value = query.pop(wire_name, None)
            value = int(value) if value is not None and member.type_name in ("integer", "long") else value
        elif place == "header":
            value = request.header(wire_name.lower())
        elif name == payload:
            value = request.body
        else:
            continue
        if value is not None:
            parameters[name] = value
    need(not query, lambda: f"{operation.name} knows no {', '.join(query)} in the query")
    if not payload and request.body:
        parameters |= _read(json.loads(request.body), shape)
    return parameters


def _read(value, shape):
    """A JSON value as botocore's callers have it. What the description does not have is kept, to be refused."""
    if value is None or getattr(shape, "is_document_type", False):
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        members = shape.members
        return {name: _read(item, members[name]) if name in members else item for name, item in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_read(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _read(item, shape.value) for name, item in value.items()}
    return READ.get(shape.type_name, lambda value: value)(value)


def _check_strings(value, shape, where):
    """Enumerations and patterns, which botocore leaves to the service."""
    if getattr(shape, "is_document_type", False):
        return
    if shape.type_name == "structure":
        for name, item in value.items():
            _check_strings(item, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for item in value:
            _check_strings(item, shape.member, where + "[]")
    elif shape.type_name == "map":
        for name, item in value.items():
            _check_strings(name, shape.key, where + " key")
            _check_strings(item, shape.value, f"{where}.{name}")
    elif shape.type_name == "string":
        allowed = shape.metadata.get("enum")
        need(not allowed or value in allowed, lambda: f"{where}: {value!r} is none of {allowed}")
        pattern = shape.metadata.get("pattern")
        need(not pattern or re.search(pattern, value), lambda: f"{where}: {value[:200]!r} is not {pattern}")


def _check_same(operation, parameters, request):
    """The request that botocore makes of the same parameters has the same target and body."""
    made = create_serializer("rest-json", include_validation=False).serialize_to_request(parameters, operation)
    prepare_request_dict(made, endpoint_url="http://localhost")
    target = made["url"].removeprefix("http://localhost")
    need(target == request.path, lambda: f"{operation.name}: botocore asks {target}, received was {request.path}")
    body = made["body"]
    same = body == request.body or json.loads(body or b"null") == json.loads(request.body or b"null")
    need(same, lambda: f"{operation.name}: botocore sends {body[:600]!r}, received was {request.body[:600]!r}")
