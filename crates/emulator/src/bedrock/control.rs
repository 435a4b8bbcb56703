//! The control plane's lists.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::model::{APPLICATION_PROFILE, MODELS, Model, Tools, reachable};
use crate::Refusal;
use crate::reply::Reply;

/// What a bearer key, which names no region, is answered for.
const HOME: &str = "us-east-1";
const ACCOUNT: &str = "111122223333";

/// `GET /foundation-models`; the filters that are in use elsewhere: provider, output modality, inference type.
pub(super) fn foundation_models(region: Option<&str>, query: Option<&str>) -> Result<Reply, Refusal> {
    let region = region.unwrap_or(HOME);
    let provider = parameter(query, "byProvider");
    let output = parameter(query, "byOutputModality");
    let inference = parameter(query, "byInferenceType");
    let mut summaries: Vec<Value> = MODELS.iter().map(|model| summary(model, region)).collect();
    summaries.push(json!({
        "modelArn": format!("arn:aws:bedrock:{region}::foundation-model/amazon.titan-embed-text-v2:0"),
        "modelId": "amazon.titan-embed-text-v2:0",
        "modelName": "Titan Text Embeddings V2",
        "providerName": "Amazon",
        "inputModalities": ["TEXT"],
        "outputModalities": ["EMBEDDING"],
        "responseStreamingSupported": false,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": { "status": "ACTIVE" },
    }));
    summaries.retain(|summary| {
        let has = |field: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| {
                summary[field]
                    .as_array()
                    .is_some_and(|values| values.iter().any(|value| value == wanted.as_str()))
            })
        };
        provider.as_ref().is_none_or(|wanted| {
            summary["providerName"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        }) && has("outputModalities", &output)
            && has("inferenceTypesSupported", &inference)
    });
    Ok(Reply::json(&json!({ "modelSummaries": summaries })))
}

fn summary(model: &Model, region: &str) -> Value {
    let inference = if model.profile_only() { "INFERENCE_PROFILE" } else { "ON_DEMAND" };
    let input: &[&str] = if model.sees() { &["TEXT", "IMAGE"] } else { &["TEXT"] };
    json!({
        "modelArn": model_arn(model, region),
        "modelId": model.id,
        "modelName": title(model),
        "providerName": provider(model),
        "inputModalities": input,
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": model.tools != Tools::No || model.thinks(),
        "customizationsSupported": [],
        "inferenceTypesSupported": [inference],
        "modelLifecycle": { "status": if model.retired() { "LEGACY" } else { "ACTIVE" } },
    })
}

/// `GET /inference-profiles`, paged. The filter's name on the wire is `type`; SDKs call it `typeEquals`.
pub(super) fn inference_profiles(region: Option<&str>, query: Option<&str>) -> Result<Reply, Refusal> {
    let region = region.unwrap_or(HOME);
    let wanted = parameter(query, "type");
    if let Some(kind) = wanted.as_deref().filter(|kind| !matches!(*kind, "SYSTEM_DEFINED" | "APPLICATION")) {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value '{kind}' at 'typeEquals' failed to satisfy constraint: Member must \
             satisfy enum value set: [SYSTEM_DEFINED, APPLICATION]"
        )));
    }
    let most = match parameter(query, "maxResults").map(|most| most.parse::<usize>()) {
        None => 100,
        Some(Ok(most @ 1..=1000)) => most,
        Some(_) => {
            return Err(Refusal::validation(
                "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have \
                 value less than or equal to 1000",
            ));
        }
    };
    let from = match parameter(query, "nextToken") {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|at| at.parse().ok())
            .ok_or_else(|| Refusal::validation("The provided nextToken is invalid."))?,
    };
    let profiles = profiles(region)
        .filter(|profile| wanted.as_ref().is_none_or(|kind| profile["type"] == kind.as_str()));
    let mut page: Vec<Value> = profiles.skip(from).take(most + 1).collect();
    let more = page.len() > most;
    page.truncate(most);
    let mut answer = json!({ "inferenceProfileSummaries": page });
    if more {
        answer["nextToken"] = json!(format!("page-{}", from + most));
    }
    Ok(Reply::json(&answer))
}

/// `GET /inference-profiles/{id or ARN}`.
pub(super) fn inference_profile(region: Option<&str>, id: &str) -> Result<Reply, Refusal> {
    let found = profiles(region.unwrap_or(HOME))
        .find(|profile| profile["inferenceProfileId"] == id || profile["inferenceProfileArn"] == id);
    found.map(|profile| Reply::json(&profile)).ok_or_else(|| {
        let message = format!("Inference profile {id} not found.");
        Refusal::new(404, "ResourceNotFoundException", message)
    })
}

/// `GET /foundation-model-availability/{id}`: every model is granted, but for those whose names spell faults. The
/// service takes foundation ids alone.
pub(super) fn availability(region: Option<&str>, id: &str) -> Result<Reply, Refusal> {
    let spelled = id.contains("test.");
    let model = MODELS.iter().find(|model| model.id == id);
    if model.is_none() && !spelled {
        return Err(Refusal::validation("The provided model identifier is invalid."));
    }
    let said = |is: bool| if is { "AVAILABLE" } else { "NOT_AVAILABLE" };
    let is_here = model.is_none_or(|model| {
        !model.profile_only()
            || model.prefixes().any(|prefix| reachable(prefix, Some(region.unwrap_or(HOME))))
    });
    Ok(Reply::json(&json!({
        "modelId": id,
        "agreementAvailability": { "status": said(!spelled) },
        "authorizationStatus": if spelled { "NOT_AUTHORIZED" } else { "AUTHORIZED" },
        "entitlementAvailability": said(!spelled),
        "regionAvailability": said(is_here),
    })))
}

fn profiles(region: &str) -> impl Iterator<Item = Value> {
    let system = MODELS.iter().filter(|model| !model.retired()).flat_map(move |model| {
        model.prefixes().filter(move |prefix| reachable(prefix, Some(region))).map(move |prefix| {
            let id = format!("{prefix}.{}", model.id);
            let name = format!("{} {}", prefix.to_uppercase(), title(model));
            profile(region, "SYSTEM_DEFINED", "inference-profile", &id, &name, model)
        })
    });
    let (id, target) = APPLICATION_PROFILE;
    let target = MODELS.iter().find(|model| target.ends_with(model.id));
    let own = target.filter(|_| reachable("us", Some(region))).map(|model| {
        profile(region, "APPLICATION", "application-inference-profile", id, "team-cost-tag", model)
    });
    system.chain(own)
}

fn profile(region: &str, kind: &str, resource: &str, id: &str, name: &str, model: &Model) -> Value {
    json!({
        "inferenceProfileName": name,
        "description": format!("Routes requests to {}.", title(model)),
        "createdAt": "2026-01-05T00:00:00Z",
        "updatedAt": "2026-10-20T00:00:00Z",
        "inferenceProfileArn": format!("arn:aws:bedrock:{region}:{ACCOUNT}:{resource}/{id}"),
        "models": [{ "modelArn": model_arn(model, region) }],
        "inferenceProfileId": id,
        "status": "ACTIVE",
        "type": kind,
    })
}

fn model_arn(model: &Model, region: &str) -> String {
    format!("arn:aws:bedrock:{region}::foundation-model/{}", model.id)
}

/// A readable name: the id without vendor and version marks.
fn title(model: &Model) -> String {
    let name = model.public_name();
    let name = name.split_once('.').map_or(name, |(_, name)| name);
    let words =
        name.split('-').filter(|word| !(word.len() == 8 && word.bytes().all(|digit| digit.is_ascii_digit())));
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    words.map(capital).collect::<Vec<_>>().join(" ")
}

fn provider(model: &Model) -> &'static str {
    match model.vendor() {
        "anthropic" => "Anthropic",
        "amazon" => "Amazon",
        "meta" => "Meta",
        "mistral" => "Mistral AI",
        "deepseek" => "DeepSeek",
        "qwen" => "Qwen",
        "openai" => "OpenAI",
        "moonshot" | "moonshotai" => "Moonshot AI",
        "zai" => "Z.AI",
        "google" => "Google",
        "nvidia" => "NVIDIA",
        "minimax" => "MiniMax",
        "ai21" => "AI21 Labs",
        "writer" => "Writer",
        "xai" => "xAI",
        other => other,
    }
}

fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    query?.split('&').find_map(|pair| {
        let (own, value) = pair.split_once('=')?;
        (own == name).then(|| percent_decode_str(value).decode_utf8_lossy().into_owned())
    })
}
