//! Embeddings, each vendor's in its own body of InvokeModel.

use futures_util::{StreamExt, TryStreamExt, stream};
use llm::{Category, Error, Usage};
use serde::Deserialize;
use serde_json::{Value, json};

use super::endpoint::{self, Service};
use super::exchange::{LONGEST_ANSWER, Operation, headers};
use super::{Bedrock, Catalog, geo};
use crate::{Embed, Embedded, Session};

/// Requests of one client that go out at the same time, for models that take one text each.
const AT_ONCE: usize = 8;
/// Texts that Cohere takes at once.
const COHERES: usize = 96;

/// Whose body a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Titan G1: a text.
    Titan,
    /// Titan V2: a text and the length of its vector.
    TitanV2,
    CohereV3,
    CohereV4,
    Nova,
}

impl Family {
    fn of(id: &str) -> Option<Self> {
        let bare = geo::split(id).1;
        Some(match bare {
            _ if bare.starts_with("amazon.titan-embed-text-v2") => Self::TitanV2,
            _ if bare.starts_with("amazon.titan-embed") => Self::Titan,
            _ if bare.starts_with("cohere.embed-v4") => Self::CohereV4,
            _ if bare.starts_with("cohere.embed") => Self::CohereV3,
            _ if bare.starts_with("amazon.nova") => Self::Nova,
            _ => return None,
        })
    }

    const fn at_once(self) -> usize {
        match self {
            Self::CohereV3 | Self::CohereV4 => COHERES,
            _ => 1,
        }
    }

    fn body(self, texts: &[String], dimensions: Option<u32>) -> Value {
        let text = texts.first().map_or("", String::as_str);
        let mut body = match self {
            Self::Titan => json!({"inputText": text}),
            Self::TitanV2 => json!({"inputText": text, "normalize": true}),
            Self::CohereV3 | Self::CohereV4 => {
                json!({"texts": texts, "input_type": "search_document", "embedding_types": ["float"]})
            }
            Self::Nova => json!({"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {
                "embeddingPurpose": "GENERIC_INDEX", "text": {"truncationMode": "END", "value": text},
            }}),
        };
        if let Some(dimensions) = dimensions {
            match self {
                Self::TitanV2 => body["dimensions"] = dimensions.into(),
                Self::CohereV4 => body["output_dimension"] = dimensions.into(),
                Self::Nova => body["singleEmbeddingParams"]["embeddingDimension"] = dimensions.into(),
                Self::Titan | Self::CohereV3 => {}
            }
        }
        body
    }

    const fn has_dimensions(self) -> bool {
        matches!(self, Self::TitanV2 | Self::CohereV4 | Self::Nova)
    }
}

/// The answer of any of them.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    embedding: Option<Vec<f32>>,
    #[serde(default)]
    embeddings: Option<Vectors>,
    #[serde(default, rename = "inputTextTokenCount")]
    tokens: Option<u64>,
}

/// Cohere gives a list, or one a type; Nova a list of objects.
#[derive(Deserialize)]
#[serde(untagged)]
enum Vectors {
    Plain(Vec<Vec<f32>>),
    Typed { float: Vec<Vec<f32>> },
    Objects(Vec<Embedding>),
}

#[derive(Deserialize)]
struct Embedding {
    embedding: Vec<f32>,
}

impl Said {
    fn into_vectors(self) -> Vec<Vec<f32>> {
        match (self.embedding, self.embeddings) {
            (Some(one), _) => vec![one],
            (None, Some(Vectors::Plain(all) | Vectors::Typed { float: all })) => all,
            (None, Some(Vectors::Objects(all))) => all.into_iter().map(|one| one.embedding).collect(),
            (None, None) => Vec::new(),
        }
    }
}

/// The id under which a region serves the embedding model that `asked` means.
pub(super) fn place(asked: &str, prefixes: &[&str]) -> Option<std::sync::Arc<llm::Model>> {
    let asked = asked.trim().to_ascii_lowercase();
    let (given, bare) = geo::split(&asked);
    let mut entries = Catalog::built_in().iter().filter(|entry| entry.embedding);
    let entry = entries.find(|entry| {
        let id = entry.model.id.as_str();
        let short = id.split_once('.').map_or(id, |(_, short)| short);
        let plain = |id: &str| id.strip_suffix(":0").unwrap_or(id).to_owned();
        id == bare || plain(id) == bare || plain(short) == plain(bare) || entry.model.name == bare
    })?;
    Family::of(&entry.model.id)?;
    let listed = |prefix: &str| entry.profiles.iter().any(|profile| **profile == *prefix);
    let prefix = given.filter(|prefix| listed(prefix));
    let prefix = prefix.or_else(|| prefixes.iter().copied().find(|prefix| listed(prefix)));
    Some(entry.served(prefix))
}

impl Bedrock {
    pub(super) async fn vectors(
        &self,
        session: &Session,
        model: &str,
        wanted: &Embed,
    ) -> Result<Embedded, Error> {
        let family = Family::of(model)
            .ok_or_else(|| Error::new(Category::ModelNotFound, format!("{model} makes no embeddings.")))?;
        if wanted.dimensions.is_some() && !family.has_dimensions() {
            let message = format!("The length of {model}'s vectors is fixed. Leave 'dimensions' out.");
            return Err(Error::new(Category::Unsupported, message).with_param("dimensions"));
        }
        let bodies: Vec<(Value, usize)> = wanted
            .texts
            .chunks(family.at_once())
            .map(|texts| (family.body(texts, wanted.dimensions), texts.len()))
            .collect();
        let parts = stream::iter(bodies)
            .map(|(body, texts)| self.some(session, model, body, texts))
            .buffered(AT_ONCE);
        let parts: Vec<(Vec<Vec<f32>>, Option<u64>)> = parts.try_collect().await?;
        let mut embedded = Embedded::default();
        let mut tokens = Some(0);
        for (vectors, told) in parts {
            embedded.vectors.extend(vectors);
            tokens = tokens.zip(told).map(|(all, more)| all + more);
        }
        // Nova tells no count; a token is some four letters.
        let guess = || wanted.texts.iter().map(|text| text.len() as u64).sum::<u64>().div_ceil(4);
        embedded.usage = Usage {
            input: Some(tokens.unwrap_or_else(guess)),
            output: Some(0),
            estimated: tokens.is_none(),
            ..Usage::default()
        };
        Ok(embedded)
    }

    async fn some(
        &self,
        session: &Session,
        model: &str,
        body: Value,
        texts: usize,
    ) -> Result<(Vec<Vec<f32>>, Option<u64>), Error> {
        let base = endpoint::base(Service::Runtime, &session.account, &self.endpoints)?;
        let url = Operation::Invoke.url(&base, model)?;
        let payload = body.to_string().into_bytes().into();
        let answer =
            self.post(session, Service::Runtime, url, headers(Operation::Invoke, None), payload).await?;
        let counted = answer.header("x-amzn-bedrock-input-token-count").and_then(|count| count.parse().ok());
        let json = answer.read(LONGEST_ANSWER).await?;
        let said: Said = serde_json::from_slice(&json).map_err(|error| {
            Error::new(Category::Upstream, format!("Bedrock's embeddings cannot be read: {error}."))
        })?;
        let told = said.tokens.or(counted);
        let vectors = said.into_vectors();
        if vectors.len() != texts {
            let message = format!("Bedrock answered {texts} texts with {} vectors.", vectors.len());
            return Err(Error::new(Category::Upstream, message));
        }
        Ok((vectors, told))
    }
}
