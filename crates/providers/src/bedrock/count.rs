//! Counting tokens. CountTokens knows some Claude models under their bare ids; where it does not, we guess.

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderStringWriter;
use std::io::Write as _;
use std::sync::Arc;

use llm::{Category, Error, Model, Payload};
use serde::Deserialize;

use super::endpoint::{self, Service};
use super::exchange::{Operation, headers};
use super::{Bedrock, Catalog, geo};
use crate::{Call, Session, TokenCount, estimate};

const LONGEST_COUNT: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    input_tokens: u64,
}

impl Bedrock {
    pub(super) async fn count(&self, session: &Session, call: Call<'_>) -> Result<TokenCount, Error> {
        let model = self.unmask(session, &call.target.model).await;
        let bare = bare_id(&model);
        let known = model.is_claude() && !self.memory.of(bare).is_some_and(|learned| learned.count);
        if known {
            match self.ask_count(session, call, &model, bare).await {
                Ok(input) => return Ok(TokenCount { input, estimated: false }),
                Err(error) if is_ours_to_fix(error.category) => return Err(error),
                Err(error) => {
                    if matches!(
                        error.category,
                        Category::InvalidRequest | Category::ModelNotFound | Category::Unsupported
                    ) && error.message.contains("counting tokens")
                    {
                        self.memory.no_count(bare);
                    }
                    tracing::debug!(
                        model = bare,
                        category = error.category.name(),
                        "counting failed, guessing"
                    );
                }
            }
        }
        Ok(TokenCount { input: estimate::tokens(call.asked.meaning()?), estimated: true })
    }

    async fn ask_count(
        &self,
        session: &Session,
        call: Call<'_>,
        model: &Arc<Model>,
        bare: &str,
    ) -> Result<u64, Error> {
        let base = endpoint::base(Service::Runtime, &session.account, &self.endpoints)?;
        let mut draft = self.draft(session, call, model, true)?;
        // The body inside must be one that InvokeModel would take, and a count request has no limit of its own.
        draft.edit(|body| {
            if body.get("max_tokens").is_none() {
                body.set("max_tokens", &b"1024"[..]);
            }
        })?;
        let url = endpoint::model_url(&base, bare, Operation::CountTokens.path())?;
        let payload = wrapped(&draft.payload())?;
        let answer =
            self.post(session, Service::Runtime, url, headers(Operation::CountTokens, None), payload).await?;
        let json = answer.read(LONGEST_COUNT).await?;
        let counted: Counted = serde_json::from_slice(&json).map_err(|error| {
            Error::new(Category::Upstream, format!("Bedrock's token count cannot be read: {error}."))
        })?;
        Ok(counted.input_tokens)
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

/// CountTokens refuses inference profiles.
pub(super) fn bare_id(model: &Model) -> &str {
    if model.id.starts_with("arn:") {
        let behind = Catalog::built_in().iter().find(|entry| entry.model.name == model.name);
        return behind.map_or(model.id.as_str(), |entry| entry.model.id.as_str());
    }
    geo::split(&model.id).1
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
