//! Counting tokens. Two services know some Claude models each, under their bare ids; where neither does, we guess.

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderStringWriter;
use std::io::Write as _;
use std::sync::Arc;

use llm::{Category, Error, Model, Payload};
use serde::Deserialize;
use serde_json::Value;

use super::exchange::{Operation, headers};
use super::route::{Route, bare_id};
use super::{Bedrock, endpoint};
use crate::{Call, Session, TokenCount, estimate};

const LONGEST_COUNT: usize = 64 * 1024;

/// The account's option that lets the second inference service count though it does not answer.
pub(super) const MANTLE_COUNT: &str = "mantle_count";

/// The members that Anthropic's own counting takes; it refuses limits, sampling and the like. `anthropic_beta` goes in a
/// header.
const COUNTED: [&str; 7] =
    ["model", "messages", "system", "tools", "tool_choice", "thinking", "anthropic_beta"];

#[derive(Deserialize)]
struct Counted {
    /// CountTokens writes it in camel case.
    #[serde(alias = "inputTokens")]
    input_tokens: u64,
}

impl Bedrock {
    /// Counts the input: with the second inference service where the person chose or allowed it, which knows the newer
    /// models; with CountTokens, which knows the older ones; else by ourselves.
    ///
    /// # Errors
    /// Those of a credential alone.
    pub(super) async fn count(&self, session: &Session, call: Call<'_>) -> Result<TokenCount, Error> {
        let model = self.unmask(session, &call.target.model).await;
        for route in counters(&session.account.options, &model) {
            let key = route.key(bare_id(&model));
            if self.memory.of(&key).is_some_and(|learned| learned.count) {
                continue;
            }
            match self.ask_count(session, call, &model, *route).await {
                Ok(input) => return Ok(TokenCount { input, estimated: false }),
                Err(error) if is_ours_to_fix(error.category) => return Err(error),
                Err(error) => {
                    if never_counts(*route, &error) {
                        self.memory.no_count(&key);
                    }
                    let category = error.category.name();
                    tracing::debug!(model = bare_id(&model), category, "counting failed");
                }
            }
        }
        Ok(TokenCount { input: estimate::count(call.asked, &model).await?, estimated: true })
    }

    async fn ask_count(
        &self,
        session: &Session,
        call: Call<'_>,
        model: &Arc<Model>,
        route: Route,
    ) -> Result<u64, Error> {
        let service = route.service();
        let base = endpoint::base(service, &session.account, &self.endpoints)?;
        let mut draft = self.draft(session, call, model, true, route)?;
        let native = route.is_native();
        draft.edit(|body| {
            if native {
                body.retain(|name| COUNTED.contains(&name));
            } else if body.get("max_tokens").is_none() {
                // The body inside must be one that InvokeModel would take, and a count request has no limit of its own.
                body.set("max_tokens", &b"1024"[..]);
            }
        })?;
        draft.operation = if native { Operation::CountMessages } else { Operation::CountTokens };
        let url = draft.operation.url(&base, bare_id(model))?;
        let payload = if native { draft.payload() } else { wrapped(&draft.payload())? };
        let headers = if native { draft.headers(&Value::Null) } else { headers(draft.operation, None) };
        let answer = self.post(session, service, url, headers, payload).await?;
        let json = answer.read(LONGEST_COUNT).await?;
        let counted: Counted = serde_json::from_slice(&json).map_err(|error| {
            Error::new(Category::Upstream, format!("Bedrock's token count cannot be read: {error}."))
        })?;
        Ok(counted.input_tokens)
    }
}

/// Who to ask, in this order.
fn counters(options: &Value, model: &Model) -> &'static [Route] {
    let allowed = options.get(MANTLE_COUNT).and_then(Value::as_bool).unwrap_or(false);
    if !model.is_claude() {
        &[]
    } else if allowed || Route::wished(options) == Route::Mantle {
        &[Route::Mantle, Route::Invoke]
    } else {
        &[Route::Invoke]
    }
}

/// Whether asking again would be in vain.
fn never_counts(route: Route, error: &Error) -> bool {
    match error.category {
        Category::ModelNotFound | Category::Unsupported if route == Route::Mantle => true,
        Category::InvalidRequest | Category::ModelNotFound | Category::Unsupported => {
            error.message.contains("counting tokens")
        }
        _ => false,
    }
}

/// `{"input":{"invokeModel":{"body":"<base64>"}}}`.
fn wrapped(body: &Payload) -> Result<Payload, Error> {
    let mut json = String::with_capacity(body.len().div_ceil(3) * 4 + 64);
    json.push_str(r#"{"input":{"invokeModel":{"body":""#);
    let mut encoder = EncoderStringWriter::from_consumer(&mut json, &STANDARD);
    for piece in body.pieces() {
        encoder.write_all(piece).map_err(|error| Error::new(Category::Internal, error.to_string()))?;
    }
    let _ = encoder.into_inner();
    json.push_str(r#""}}}"#);
    Ok(json.into_bytes().into())
}

/// Failures that the person must see rather than a guess.
const fn is_ours_to_fix(category: Category) -> bool {
    matches!(
        category,
        Category::NoCredentials | Category::Expired | Category::Signature | Category::Suspended
    )
}

#[cfg(test)]
mod tests;
