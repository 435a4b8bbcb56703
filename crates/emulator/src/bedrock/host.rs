//! Which of the two inference services a request means. Both are on one port here, and some of their paths are the same.

use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;

/// A host that answers for models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// `bedrock-runtime`, and the control plane, whose paths are its own.
    Runtime,
    /// `bedrock-mantle`.
    Mantle,
}

/// The path in front of all paths of [`Host::Mantle`], for callers whose key tells no service.
const MANTLE: &str = "/mantle";

impl Host {
    /// The host and the path on it. A path that begins with `/mantle`, a host name or the scope of the signature tells
    /// the second service.
    pub(crate) fn of(head: &Parts) -> (Self, &str) {
        let path = head.uri.path();
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let Some(rest) = path.strip_prefix(MANTLE).filter(|rest| rest.starts_with('/')) {
            return (Self::Mantle, rest);
        }
        if text(HOST).starts_with("bedrock-mantle.")
            || text(AUTHORIZATION).contains("/bedrock-mantle/aws4_request")
        {
            return (Self::Mantle, path);
        }
        (Self::Runtime, path)
    }

    /// The name in the scope of a signature.
    pub(crate) const fn signing_name(self) -> &'static str {
        match self {
            Self::Runtime => "bedrock",
            Self::Mantle => "bedrock-mantle",
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn the_second_service_is_told_by_path_host_or_signature() {
        let of = |path: &str, name: &str, value: &str| {
            let head = Request::builder().uri(path).header(name, value).body(()).unwrap().into_parts().0;
            let (host, path) = Host::of(&head);
            (host, path.to_owned())
        };
        let runtime = (Host::Runtime, "/anthropic/v1/messages".to_owned());
        let mantle = (Host::Mantle, "/anthropic/v1/messages".to_owned());
        assert_eq!(of("/anthropic/v1/messages", "authorization", "Bearer x"), runtime);
        assert_eq!(of("/mantle/anthropic/v1/messages", "authorization", "Bearer x"), mantle);
        assert_eq!(of("/anthropic/v1/messages", "host", "bedrock-mantle.us-east-1.api.aws"), mantle);
        let scope =
            |service: &str| format!("AWS4-HMAC-SHA256 Credential=A/20260101/r/{service}/aws4_request, ...");
        assert_eq!(of("/anthropic/v1/messages", "authorization", &scope("bedrock-mantle")), mantle);
        assert_eq!(of("/anthropic/v1/messages", "authorization", &scope("bedrock")), runtime);
    }
}
