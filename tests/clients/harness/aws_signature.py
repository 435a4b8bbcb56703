"""Signature Version 4 made again by botocore."""

import re
from datetime import datetime
from unittest import mock

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .report import need

CLAIM = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<signed>[a-z0-9;-]+), Signature=[0-9a-f]{64}"
)
# Without these under the signature, somebody on the way could send the request elsewhere or at another time.
NEEDED = {"host", "x-amz-date"}


def check(request, secrets, regions):
    """Fails unless botocore, with the same key, date and headers, signs as the request is signed. `secrets` has the
    secret key and session token of each access key id."""
    given = request.header("authorization") or ""
    claim = CLAIM.fullmatch(given)
    need(claim, lambda: f"not a signature: {given[:60]}")
    need(claim["service"] == "bedrock", lambda: f"signed for {claim['service']}")
    need(claim["region"] in regions, lambda: f"signed for {claim['region']}, the accounts are in {regions}")
    need(claim["key"] in secrets, lambda: f"signed with {claim['key']}, which no account has")
    secret, token = secrets[claim["key"]]
    need(request.header("x-amz-security-token") == token, "the session token is not the account's")
    signed = set(claim["signed"].split(";"))
    wanted = NEEDED | {name for name, _ in request.headers if name.startswith("x-amz-")}
    need(wanted <= signed, lambda: f"not under the signature: {wanted - signed}")
    headers = [(name, value) for name, value in request.headers if name in signed]
    made = AWSRequest(request.method, f"http://{request.header('host')}{request.path}", data=request.body)
    for name, value in headers:
        made.headers.add_header(name, value)
    date = datetime.strptime(request.header("x-amz-date"), SIGV4_TIMESTAMP)
    with mock.patch("botocore.auth.get_current_datetime", return_value=date):
        SigV4Auth(Credentials(claim["key"], secret, token), "bedrock", claim["region"]).add_auth(made)
    own = made.headers["Authorization"]
    need(own == given, lambda: f"{request.method} {request.path}: botocore signs {own}, received was {given}")
