//! InvokeModel for embedding models, each vendor's body checked to the last member.

use serde_json::{Value, json};

use crate::Refusal;
use crate::reply::Reply;

/// Whether an id is that of an embedding model, with what is in front of it.
pub(super) fn family(id: &str) -> Option<(&'static str, Option<&str>)> {
    const MODELS: [&str; 5] = [
        "amazon.titan-embed-text-v1",
        "amazon.titan-embed-text-v2:0",
        "cohere.embed-english-v3",
        "cohere.embed-v4:0",
        "amazon.nova-2-multimodal-embeddings-v1:0",
    ];
    MODELS.into_iter().find_map(|model| match id.strip_suffix(model)? {
        "" => Some((model, None)),
        prefix => Some((model, Some(prefix.strip_suffix('.')?))),
    })
}

pub(super) fn answer(id: &str, streams: bool, body: &Value) -> Result<Reply, Refusal> {
    let (model, prefix) =
        family(id).ok_or_else(|| Refusal::validation("The provided model identifier is invalid."))?;
    if streams {
        return Err(Refusal::validation("The model is unsupported for streaming"));
    }
    match (model, prefix) {
        ("cohere.embed-v4:0", Some("us" | "global")) => {}
        ("cohere.embed-v4:0", None) => {
            return Err(Refusal::validation(format!(
                "Invocation of model ID {id} with on-demand throughput isn’t supported. Retry your request with the \
                 ID or ARN of an inference profile that contains this model."
            )));
        }
        (_, None) => {}
        _ => return Err(Refusal::validation("The provided model identifier is invalid.")),
    }
    match model {
        "amazon.titan-embed-text-v1" => {
            members(body, &["inputText"])?;
            titan(body, 1536)
        }
        "amazon.titan-embed-text-v2:0" => {
            members(body, &["inputText", "dimensions", "normalize", "embeddingTypes"])?;
            let length = body["dimensions"].as_u64().unwrap_or(1024);
            one_of(length, &[256, 512, 1024])?;
            titan(body, length)
        }
        "amazon.nova-2-multimodal-embeddings-v1:0" => nova(body),
        model => cohere(body, model == "cohere.embed-v4:0"),
    }
}

fn malformed(why: &str) -> Refusal {
    Refusal::validation(format!("Malformed input request: {why}, please reformat your input and try again."))
}

fn members(body: &Value, known: &[&str]) -> Result<(), Refusal> {
    let given = body.as_object().ok_or_else(|| malformed("#: expected type: JSONObject"))?;
    match given.keys().find(|name| !known.contains(&name.as_str())) {
        Some(other) => Err(malformed(&format!("#: extraneous key [{other}] is not permitted"))),
        None => Ok(()),
    }
}

fn one_of(length: u64, lengths: &[u64]) -> Result<(), Refusal> {
    if lengths.contains(&length) {
        Ok(())
    } else {
        Err(malformed("#/dimensions: not one of the allowed values"))
    }
}

fn text(value: &Value) -> Result<&str, Refusal> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| malformed("#: required key [text] not found"))
}

/// A vector that tells texts apart.
fn vector(text: &str, length: u64) -> Vec<f32> {
    let sum: u32 = text.bytes().map(u32::from).sum();
    (0..length).map(|at| ((u64::from(sum) + at) % 97) as f32 / 97.0).collect()
}

fn tokens(text: &str) -> usize {
    text.len().div_ceil(4)
}

fn titan(body: &Value, length: u64) -> Result<Reply, Refusal> {
    let text = text(&body["inputText"])?;
    Ok(Reply::json(&json!({"embedding": vector(text, length), "inputTextTokenCount": tokens(text)})))
}

fn nova(body: &Value) -> Result<Reply, Refusal> {
    members(body, &["taskType", "schemaVersion", "singleEmbeddingParams"])?;
    let parameters = &body["singleEmbeddingParams"];
    if body["taskType"] != "SINGLE_EMBEDDING" {
        return Err(malformed("#/taskType: not one of the allowed values"));
    }
    members(parameters, &["embeddingPurpose", "embeddingDimension", "text"])?;
    if parameters["embeddingPurpose"] != "GENERIC_INDEX" || parameters["text"]["truncationMode"] != "END" {
        return Err(malformed("#/singleEmbeddingParams: not one of the allowed values"));
    }
    let length = parameters["embeddingDimension"].as_u64().unwrap_or(3072);
    one_of(length, &[256, 384, 1024, 3072])?;
    let text = text(&parameters["text"]["value"])?;
    Ok(Reply::json(&json!({"embeddings": [{"embeddingType": "TEXT", "embedding": vector(text, length)}]})))
}

fn cohere(body: &Value, fourth: bool) -> Result<Reply, Refusal> {
    let known: &[&str] = if fourth {
        &["texts", "input_type", "embedding_types", "truncate", "output_dimension", "max_tokens"]
    } else {
        &["texts", "input_type", "embedding_types", "truncate"]
    };
    members(body, known)?;
    if !matches!(
        body["input_type"].as_str(),
        Some("search_document" | "search_query" | "classification" | "clustering")
    ) {
        return Err(malformed("#: required key [input_type] not found"));
    }
    let length = body["output_dimension"].as_u64().unwrap_or(if fourth { 1536 } else { 1024 });
    if fourth {
        one_of(length, &[256, 512, 1024, 1536])?;
    }
    let texts = body["texts"].as_array().filter(|texts| (1..=96).contains(&texts.len()));
    let texts = texts.ok_or_else(|| malformed("#/texts: expected 1 to 96 items"))?;
    let texts = texts.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    let vectors: Vec<_> = texts.iter().map(|text| vector(text, length)).collect();
    let count: usize = texts.iter().map(|text| tokens(text)).sum();
    let reply = Reply::json(
        &json!({"id": "e", "response_type": "embeddings_by_type", "embeddings": {"float": vectors}}),
    );
    Ok(reply.with_header("x-amzn-bedrock-input-token-count", count.to_string()))
}
