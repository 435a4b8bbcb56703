//! Embeddings, `POST /v1/embeddings`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use llm::{Category, Error, RawBody, Request, Wire};
use serde::{Deserialize, Serialize};

use super::error::{self, invalid_type, invalid_value, missing, unsupported};
use super::parameters::{self, integer, typed};
use crate::ErrorReply;

/// Texts of one request, as at OpenAI.
const MOST: usize = 2048;

/// What a client wants as vectors.
#[derive(Debug)]
pub struct Asked {
    pub request: Request,
    pub texts: Vec<String>,
    pub dimensions: Option<u32>,
    pub form: Form,
}

/// How vectors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Numbers,
    /// Little-endian floats in base64: what the SDKs ask for.
    Base64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Many(Vec<String>),
    Tokens(#[expect(dead_code, reason = "only its shape is told apart")] Vec<serde::de::IgnoredAny>),
}

/// Reads a request.
///
/// # Errors
/// A 400 that names the member.
pub fn read(headers: &HeaderMap, body: &Bytes) -> Result<Asked, Error> {
    let raw = RawBody::parse(Wire::OpenAiEmbeddings, body)?;
    let model = parameters::model(&raw)?;
    let wrong = || invalid_type("input", "a string or an array of strings", raw.get("input"));
    let texts = match raw.read::<Input>("input").map_err(|_| wrong())?.ok_or_else(|| missing("input"))? {
        Input::One(text) => vec![text],
        Input::Many(texts) => texts,
        Input::Tokens(_) => {
            return Err(unsupported("input", "Tokens are of another model's vocabulary. Send the texts."));
        }
    };
    if texts.is_empty() || texts.len() > MOST || texts.iter().any(String::is_empty) {
        let message = format!("Invalid 'input': expected 1 to {MOST} texts, none of them empty.");
        return Err(Error::invalid(message).with_param("input"));
    }
    let dimensions = match integer(&raw, "dimensions")? {
        None => None,
        Some(length @ 1..=65_536) => u32::try_from(length).ok(),
        Some(_) => return Err(Error::invalid("Invalid 'dimensions'.").with_param("dimensions")),
    };
    let form = match typed::<String>(&raw, "encoding_format", "a string")?.as_deref() {
        None | Some("float") => Form::Numbers,
        Some("base64") => Form::Base64,
        Some(other) => return Err(invalid_value("encoding_format", other, "'float' and 'base64'")),
    };
    let hints = parameters::hints(headers, &raw)?;
    let no_words = |_: &Request| Err(Error::new(Category::Internal, "An embedding is no conversation."));
    let request = Request::new(raw, model, false, hints, no_words);
    Ok(Asked { request, texts, dimensions, form })
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Item<'a>>,
    model: &'a str,
    usage: Report,
}

#[derive(Serialize)]
struct Item<'a> {
    object: &'static str,
    index: usize,
    embedding: Vector<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Vector<'a> {
    Numbers(&'a [f32]),
    Base64(String),
}

#[derive(Serialize)]
struct Report {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// Writes the vectors of `model`, which the client called so.
#[must_use]
pub fn write(model: &str, form: Form, vectors: &[Vec<f32>], tokens: u64) -> Bytes {
    let embedding = |vector: &'_ [f32]| -> String {
        STANDARD.encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())
    };
    let item = |(index, vector)| Item {
        object: "embedding",
        index,
        embedding: match form {
            Form::Base64 => Vector::Base64(embedding(vector)),
            Form::Numbers => Vector::Numbers(vector),
        },
    };
    let list = List {
        object: "list",
        data: vectors.iter().map(Vec::as_slice).enumerate().map(item).collect(),
        model,
        usage: Report { prompt_tokens: tokens, total_tokens: tokens },
    };
    // Strings and numbers always serialise.
    serde_json::to_vec(&list).unwrap_or_default().into()
}

/// An error in this dialect, which is that of chat.
#[must_use]
pub fn write_error(error: &Error) -> ErrorReply {
    error::reply(error)
}
