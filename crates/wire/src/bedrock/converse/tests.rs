use llm::{
    CachePoints, Effort, Error, Hints, Meaning, Model, RawBody, Request, StructuredOutput, ThinkingStyle,
    ToolSupport, Wire,
};
use serde_json::Value;

use super::write_request;

mod answering;
mod features;
mod history;
mod sample;

/// A model of which everything is known to work, but for what a test changes.
fn model(vendor: &str, id: &str) -> Model {
    Model {
        id: id.into(),
        name: id.into(),
        display_name: id.into(),
        vendor: vendor.into(),
        wire: Wire::BedrockConverse,
        context: 200_000,
        max_output: 64_000,
        price: None,
        tools: ToolSupport::Yes,
        system: true,
        vision: true,
        documents: true,
        thinking: ThinkingStyle::No,
        efforts: vec![],
        structured_output: StructuredOutput::No,
        cache: CachePoints::default(),
        cache_min_tokens: 0,
        sampling: true,
        forced_tool_use: true,
        mid_conversation_system: false,
        end_of_life: None,
    }
}

fn claude() -> Model {
    Model {
        cache: CachePoints { system: true, messages: true, tools: true, one_hour: true },
        ..model("anthropic", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    }
}

fn qwen() -> Model {
    model("qwen", "qwen.qwen3-coder-480b-a35b-v1:0")
}

fn nova_2() -> Model {
    Model {
        cache: CachePoints { system: true, messages: true, ..CachePoints::default() },
        thinking: ThinkingStyle::NovaReasoning,
        ..model("amazon", "us.amazon.nova-2-lite-v1:0")
    }
}

/// A request of which only the head matters; its meaning is given beside it.
fn asked(wire: Wire, betas: &[&str]) -> Request {
    let hints = Hints { betas: betas.iter().map(|beta| (*beta).to_owned()).collect(), ..Hints::default() };
    Request::new(RawBody::empty(wire), "m".into(), true, hints, |_| {
        Err(Error::invalid("the meaning is given"))
    })
}

fn said(text: &str) -> Meaning {
    Meaning {
        messages: vec![llm::Message { role: llm::Role::User, content: vec![llm::Block::text(text)] }],
        ..Meaning::default()
    }
}

/// The body and the adjustments.
fn write_for(wire: Wire, meaning: &Meaning, model: &Model, suffix: Option<Effort>) -> (Value, Vec<String>) {
    let written = write_request(&asked(wire, &[]), meaning, model, suffix).expect("writable");
    (serde_json::from_slice(&written.body).expect("JSON"), written.adjustments)
}

fn write(meaning: &Meaning, model: &Model) -> (Value, Vec<String>) {
    write_for(Wire::AnthropicMessages, meaning, model, None)
}
