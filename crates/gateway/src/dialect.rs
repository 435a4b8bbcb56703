//! Which dialect a request is answered in.

use http::request::Parts;
use http::{HeaderMap, Method, Response};
use llm::Error;
use wire::ServerCodec;
use wire::anthropic::server::AnthropicServer;
use wire::openai::chat::OpenAiChatServer;
use wire::openai::completions::OpenAiCompletionsServer;
use wire::openai::responses::OpenAiResponsesServer;

use crate::pipeline;
use crate::proxy::{Route, route};
use crate::record::Recorder;
use crate::reply::ReplyBody;
use crate::state::Gateway;

pub(crate) static MESSAGES: AnthropicServer = AnthropicServer::new();
pub(crate) static COUNT_TOKENS: AnthropicServer = AnthropicServer::count_tokens();
pub(crate) static CHAT: OpenAiChatServer = OpenAiChatServer;
pub(crate) static COMPLETIONS: OpenAiCompletionsServer = OpenAiCompletionsServer;
pub(crate) static RESPONSES: OpenAiResponsesServer = OpenAiResponsesServer::new();
pub(crate) static COMPACT: OpenAiResponsesServer = OpenAiResponsesServer::compact();

/// The codec in whose words a request is refused, whatever its method. Where the path says nothing the headers do:
/// clients of Anthropic always name its version.
#[must_use]
pub(crate) fn dialect(path: &str, headers: &HeaderMap) -> &'static dyn ServerCodec {
    match route(&Method::POST, path) {
        Some(Route::Messages) => &MESSAGES,
        Some(Route::CountTokens) => &COUNT_TOKENS,
        Some(Route::Completions) => &COMPLETIONS,
        Some(Route::Responses | Route::InputTokens) => &RESPONSES,
        Some(Route::Compact) => &COMPACT,
        Some(Route::Chat) => &CHAT,
        _ if headers.contains_key("anthropic-version") => &MESSAGES,
        _ => &CHAT,
    }
}

/// An error in the dialect that the path belongs to, with its row in the log.
pub(crate) fn refuse(gateway: &Gateway, head: &Parts, error: &Error) -> Response<ReplyBody> {
    let codec = dialect(head.uri.path(), &head.headers);
    pipeline::rescue(codec, Recorder::begin(gateway, codec.wire(), head), error)
}
