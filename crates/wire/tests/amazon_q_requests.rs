//! Requests for Kiro: the golden files, real clients' captures, and the service's order rules over random
//! conversations.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "amazon_q_requests/broken_rules.rs"]
mod broken_rules;
#[path = "amazon_q_requests/captures.rs"]
mod captures;
#[path = "amazon_q_requests/mending.rs"]
mod mending;
#[path = "amazon_q_requests/parameters.rs"]
mod parameters;
#[path = "amazon_q_requests/random.rs"]
mod random;
#[path = "amazon_q_requests/rules.rs"]
mod rules;
#[path = "amazon_q_requests/samples.rs"]
mod samples;
#[path = "amazon_q_requests/shortening.rs"]
mod shortening;
#[path = "amazon_q_requests/tools.rs"]
mod tools;
#[path = "amazon_q_requests/words.rs"]
mod words;

use http::HeaderMap;
use llm::{
    CachePoints, Effort, Error, Hints, Meaning, Model, RawBody, Request, StructuredOutput, ThinkingStyle,
    ToolSupport, Wire,
};
use serde_json::Value;
use wire::ServerCodec;
use wire::amazon_q::{Manner, SchemaDepth, Shape, Written, write_request};
use wire::anthropic::server::AnthropicServer;

const PROFILE: &str = "arn:aws:codewhisperer:us-east-1:000011112222:profile/EXAMPLEPROF01";

/// An account with a profile and a model without fields of its own.
const IDE: Manner<'static> = Manner {
    shape: Shape::Ide,
    profile_arn: Some(PROFILE),
    conversation_id: "7d0c1a52-0b8e-4d0b-9b2f-3f1f6a5c9e10",
    continuation_id: "c1c0a3de-8f12-4c7e-a5a6-4a4c2be0a3aa",
    fields_schema: None,
    effort: None,
    schemas: SchemaDepth::Minimal,
    reasoning: true,
    most_tools: 119,
    most_body: None,
    input_estimate: 0,
};

const CLI: Manner<'static> = Manner { shape: Shape::Cli, profile_arn: None, ..IDE };

fn model(id: &str, thinking: ThinkingStyle) -> Model {
    Model {
        id: id.into(),
        name: id.into(),
        display_name: id.into(),
        vendor: if id.starts_with("claude") { "anthropic" } else { "openai" }.into(),
        wire: Wire::AmazonQ,
        context: 200_000,
        max_output: 64_000,
        price: None,
        tools: ToolSupport::Yes,
        system: false,
        vision: true,
        documents: true,
        thinking,
        efforts: vec![Effort::Low, Effort::Medium, Effort::High],
        structured_output: StructuredOutput::No,
        cache: CachePoints::default(),
        cache_min_tokens: 0,
        sampling: false,
        forced_tool_use: false,
        mid_conversation_system: false,
        end_of_life: None,
    }
}

fn sonnet() -> Model {
    model("claude-sonnet-4.6", ThinkingStyle::Adaptive)
}

fn schema_of(id: &str) -> Value {
    json(include_bytes!("fixtures/amazon_q/fields-schemas.json"))[id].clone()
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("JSON")
}

fn anthropic(body: &Value) -> Request {
    AnthropicServer::new().read_request(&HeaderMap::new(), body.to_string().into()).expect("a good request")
}

fn write(asked: &Request, model: &Model, manner: &Manner<'_>) -> Written {
    write_request(asked, asked.meaning().expect("it makes sense"), model, manner).expect("writable")
}

/// A request of which only the dialect matters; its meaning is given beside it.
fn bare_request(wire: Wire) -> Request {
    Request::new(RawBody::empty(wire), "m".into(), true, Hints::default(), |_| {
        Err(Error::invalid("the meaning is given"))
    })
}

/// The body, which keeps every rule, and the adjustments.
fn written(meaning: &Meaning, model: &Model, manner: &Manner<'_>) -> (Value, Vec<String>) {
    let written =
        write_request(&bare_request(Wire::AnthropicMessages), meaning, model, manner).expect("writable");
    let body = json(&written.body);
    rules::check(&body).expect("every rule is kept");
    (body, written.adjustments)
}

fn refusal(meaning: &Meaning, model: &Model, manner: &Manner<'_>) -> Error {
    write_request(&bare_request(Wire::AnthropicMessages), meaning, model, manner).expect_err("a refusal")
}
