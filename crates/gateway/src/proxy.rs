//! The route table of the proxy: which path speaks which wire. Nothing else happens here.
//!
//! Clients disagree about what belongs to a base URL: some end it in `/v1`, some do not, some keep a path prefix.
//! So the table looks at how a path ends and not at how it begins: `/v1/messages`, `/messages`, `/v1/v1/messages`
//! and `/anthropic/v1/messages` are the same route.

use http::Method;

/// What a proxy request wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /v1/messages`
    Messages,
    /// `POST /v1/messages/count_tokens`
    CountTokens,
    /// `POST /v1/chat/completions`
    Chat,
    /// `POST /v1/completions`
    Completions,
    /// `POST /v1/embeddings`
    Embeddings,
    /// `POST /v1/responses`
    Responses,
    /// `POST /v1/responses/compact`
    Compact,
    /// `POST /v1/responses/input_tokens`
    InputTokens,
    /// `GET /v1/responses/{id}`
    Response(String),
    /// `DELETE /v1/responses/{id}`
    RemoveResponse(String),
    /// `GET /v1/responses/{id}/input_items`
    InputItems(String),
    /// `GET /v1/responses`, at which clients open a WebSocket.
    ResponsesSocket,
    /// `GET /v1/models`
    Models,
    /// `GET /v1/models/{id}`; ids may contain `/` and `:`.
    Model(String),
    /// What clients probe before they start: `HEAD /`, `GET /`, `HEAD /api/hello`.
    Hello,
    /// `GET /health`, `GET /healthz`
    Health,
    /// Usage reports that clients send to their vendor. Answered and dropped.
    Telemetry,
    /// A route of ours, asked with the wrong method; the methods it takes.
    WrongMethod(&'static str),
}

/// Finds the route of a request; `None` when the path is not the proxy's.
#[must_use]
pub fn route(method: &Method, path: &str) -> Option<Route> {
    let get = matches!(*method, Method::GET | Method::HEAD);
    let post = method == Method::POST;
    match path {
        "/" if get => return Some(Route::Hello),
        "/" if post => return Some(Route::Messages),
        "/api/hello" if get => return Some(Route::Hello),
        "/health" | "/healthz" => {
            return Some(if get { Route::Health } else { Route::WrongMethod("GET, HEAD") });
        }
        _ => {}
    }
    if path.starts_with("/api/event_logging") || path.starts_with("/api/claude_code/metrics") {
        return post.then_some(Route::Telemetry);
    }
    if path.starts_with("/api/") {
        return None;
    }
    let bare = without_version(path);
    let asked = |route: Route| Some(if post { route } else { Route::WrongMethod("POST") });
    if bare.ends_with("/messages/count_tokens") {
        return asked(Route::CountTokens);
    }
    if bare.ends_with("/messages") {
        return asked(Route::Messages);
    }
    if bare.ends_with("/chat/completions") {
        return asked(Route::Chat);
    }
    if bare.ends_with("/completions") {
        return asked(Route::Completions);
    }
    if bare.ends_with("/embeddings") {
        return asked(Route::Embeddings);
    }
    if bare.ends_with("/responses") {
        return Some(match get {
            true => Route::ResponsesSocket,
            false if post => Route::Responses,
            false => Route::WrongMethod("POST"),
        });
    }
    if let Some((_, rest)) = bare.rsplit_once("/responses/") {
        return match (rest.split_once('/'), rest) {
            (None, "compact") => asked(Route::Compact),
            (None, "input_tokens") => asked(Route::InputTokens),
            (None, id) if get => Some(Route::Response(id.to_owned())),
            (None, id) if *method == Method::DELETE => Some(Route::RemoveResponse(id.to_owned())),
            (Some((id, "input_items")), _) if get => Some(Route::InputItems(id.to_owned())),
            _ => None,
        };
    }
    if bare.ends_with("/models") {
        return Some(if get { Route::Models } else { Route::WrongMethod("GET, HEAD") });
    }
    if let Some((_, id)) = bare.split_once("/models/")
        && !id.is_empty()
    {
        let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned();
        return Some(if get { Route::Model(id) } else { Route::WrongMethod("GET, HEAD") });
    }
    if bare.starts_with("/metrics") || bare.starts_with("/telemetry") || bare.starts_with("/statsig") {
        return post.then_some(Route::Telemetry);
    }
    None
}

/// True for the paths at which a model is asked: those whose requests belong in the log even when they are refused
/// before anybody looks at them.
pub(crate) fn speaks_a_dialect(path: &str) -> bool {
    matches!(
        route(&Method::POST, path),
        Some(
            Route::Messages
                | Route::CountTokens
                | Route::Chat
                | Route::Completions
                | Route::Responses
                | Route::Compact
                | Route::InputTokens
                | Route::Embeddings
        )
    )
}

/// The path without a trailing slash and without its leading `/v1`, however often that was written.
fn without_version(path: &str) -> &str {
    let mut rest = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    while let Some(tail) = rest.strip_prefix("/v1").filter(|tail| tail.is_empty() || tail.starts_with('/')) {
        rest = tail;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_routes_however_the_base_url_was_written() {
        let post = |path| route(&Method::POST, path);
        for path in
            ["/v1/messages", "/messages", "/v1/v1/messages", "/anthropic/v1/messages", "/v1/messages/", "/"]
        {
            assert_eq!(post(path), Some(Route::Messages), "{path}");
        }
        assert_eq!(post("/v1/messages/count_tokens"), Some(Route::CountTokens));
        for path in [
            "/v1/chat/completions",
            "/chat/completions",
            "/v1/v1/chat/completions",
            "/openai/v1/chat/completions",
        ] {
            assert_eq!(post(path), Some(Route::Chat), "{path}");
        }
        assert_eq!(post("/v1/completions"), Some(Route::Completions));
        assert_eq!(post("/v1/responses"), Some(Route::Responses));
        assert_eq!(route(&Method::GET, "/v1/responses"), Some(Route::ResponsesSocket));
        assert_eq!(post("/v1/responses/compact"), Some(Route::Compact));
        assert_eq!(post("/v1/responses/input_tokens"), Some(Route::InputTokens));
        assert_eq!(route(&Method::GET, "/v1/responses/resp_1"), Some(Route::Response("resp_1".into())));
        assert_eq!(route(&Method::DELETE, "/responses/resp_1"), Some(Route::RemoveResponse("resp_1".into())));
        let items = Route::InputItems("resp_1".into());
        assert_eq!(route(&Method::GET, "/v1/responses/resp_1/input_items"), Some(items));
        assert_eq!(post("/v1/responses/resp_1/cancel"), None);
        assert_eq!(route(&Method::GET, "/v1/models"), Some(Route::Models));
        assert_eq!(
            route(&Method::GET, "/v1/models/us.anthropic.claude-opus-4-8%3A0/x"),
            Some(Route::Model("us.anthropic.claude-opus-4-8:0/x".into()))
        );
        assert_eq!(route(&Method::HEAD, "/api/hello"), Some(Route::Hello));
        assert_eq!(route(&Method::GET, "/v1/messages"), Some(Route::WrongMethod("POST")));
        assert_eq!(post("/api/event_logging/batch"), Some(Route::Telemetry));
        for path in ["/api/accounts", "/v1/unknown", "/favicon.ico"] {
            assert_eq!(post(path), None, "{path}");
        }
    }
}
