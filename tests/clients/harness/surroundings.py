"""The environment that child processes get: nothing of this machine's accounts, keys or proxies."""

import os

# Any of these would send a client, or the product, somewhere else than to the other end of a check.
FOREIGN = ("AWS_", "SWITCHBOARD_", "ANTHROPIC_", "OPENAI_", "CLAUDE", "NODE_OPTIONS", "OTEL_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def clean(**added):
    """The process environment without what steers clients, and with `added`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN) and name.lower() not in PROXIES
    }
    return kept | {"NO_PROXY": "127.0.0.1,localhost"} | added


def clean_own():
    """The same for SDKs that run inside this process."""
    kept = clean()
    for name in list(os.environ):
        if name not in kept:
            del os.environ[name]
    os.environ.update(kept)
