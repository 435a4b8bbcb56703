"""The upstreams that every suite is run against."""

from dataclasses import dataclass, field, replace

from .emulator import ACCESS_KEY_ID, SECRET_ACCESS_KEY

# The emulator's account of each kind, as the product is given it. A refresh token counts once: an account that was
# removed must not be added again.
KIRO_CREDENTIALS = {
    "social": {"kind": "kiro_social", "refresh_token": "aor-social"},
    "identity-center": {
        "kind": "oidc_refresh_token",
        "refresh_token": "aor-identity-center",
        "client_id": "client-identity-center",
        "client_secret": "secret-identity-center",
        "oidc_region": "us-east-1",
    },
    "builder-id": {
        "kind": "oidc_refresh_token",
        "refresh_token": "aor-builder-id",
        "client_id": "client-builder-id",
        "client_secret": "secret-builder-id",
    },
    "external": {
        "kind": "external_idp",
        "refresh_token": "aor-external",
        "client_id": "client-external",
        "token_endpoint": "{url}/idp/token",
        "issuer_url": "{url}",
    },
    "api-key": {"kind": "kiro_api_key", "api_key": "ksk_api-key"},
}


@dataclass(frozen=True)
class Other:
    """Models beside the first: the one that most checks ask, and one that takes images, if there is one."""

    model: str
    seeing: str | None
    # Whether the thoughts of `model` are signed, and wanted back.
    signs: bool


@dataclass(frozen=True)
class Upstream:
    """Where the product gets its answers from in a round of suites."""

    # Before the names of suites.
    prefix: str
    # As the admin API takes it.
    account: dict
    # By what their checks are called.
    others: dict
    # How a request with images shows it.
    pictured: bytes
    # Whether tokens are counted by the upstream. Else the product estimates, and must not ask.
    counts: bool
    # Checks that cannot be there, each with the reason.
    skipped: dict = field(default_factory=dict)

    def named(self, check):
        """The checks of `check(other)` for all other models, each named after what is other with its model. Those
        that are `None` are left out."""
        return {
            f"{name}-{kind}": function
            for name, other in self.others.items()
            for kind, function in check(other).items()
            if function
        }


def bedrock(url):
    return Upstream(
        prefix="",
        account={
            "name": "Emulator",
            "provider": "bedrock",
            "region": "us-east-1",
            "endpoint_url": url,
            "credential": {
                "kind": "access_key",
                "access_key_id": ACCESS_KEY_ID,
                "secret_access_key": SECRET_ACCESS_KEY,
            },
        },
        # The first model speaks InvokeModel, these speak Converse.
        others={"converse": Other("gpt-oss-120b", "nova-pro", signs=False)},
        pictured=b'"image"',
        counts=True,
        skipped=dict.fromkeys(["web-search", "web-search-stream"], "the service searches nothing"),
    )


def native(url):
    """Claude through Anthropic's own API on Bedrock. The first model is not served there, so its name means one of its
    kind that is."""
    return replace(
        bedrock(url),
        prefix="native/",
        account=bedrock(url).account
        | {"options": {"claude_route": "messages", "aliases": {"claude-sonnet-4-5": "claude-haiku-4-5"}}},
        others={"newer": Other("claude-opus-4-8", "claude-opus-4-8", signs=True)},
        skipped=bedrock(url).skipped
        | {"cut-mid-stream": "without Bedrock's framing the answer is over before so many bytes"},
    )


def kiro_account(name, url, **options):
    """What adds the emulator's account of that name."""
    credential = {key: value.replace("{url}", url) for key, value in KIRO_CREDENTIALS[name].items()}
    account = {"name": name, "provider": "amazon_q", "endpoint_url": url, "policy_accepted": True}
    return account | {"credential": credential, "options": options}


def kiro(url):
    return Upstream(
        prefix="kiro/",
        account=kiro_account("social", url, web_search=True),
        # The first model has thoughts only when a prompt asks for them, in tags; Claude's newer ones have their own.
        others={
            "native": Other("claude-opus-4-8", "claude-sonnet-4-6", signs=True),
            "open": Other("glm-5", None, signs=False),
        },
        pictured=b'"images"',
        counts=False,
        # What the service does not have a model is asked for in words, and the emulator is no model.
        skipped={
            "embeddings": "the service makes none",
            "forced-tool": "the service has no choice of tools",
            "open-thinking": "open-weight models are not asked to think",
            "open-thinking-stream": "open-weight models are not asked to think",
            "structured-output": "the service has no schemas for answers",
        },
    )
