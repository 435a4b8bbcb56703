//! Reads answers of OpenAI's Chat Completions and legacy Completions.

use serde_json::Value;

use super::{Call, Said, Usage};
use crate::harness::Answer;

pub(super) fn read_whole(whole: &Value) -> Said {
    let choice = &whole["choices"][0];
    let mut said = Said {
        ended: true,
        model: text(&whole["model"]),
        stop: text(&choice["finish_reason"]),
        usage: Some(usage(&whole["usage"])),
        ..Said::default()
    };
    assert!(whole["created"].as_u64().expect("created") > 1_700_000_000);
    if whole["object"] == "text_completion" {
        assert!(whole["id"].as_str().expect("an id").starts_with("cmpl-"));
        said.text = text(&choice["text"]);
        return said;
    }
    assert_eq!(whole["object"], "chat.completion");
    assert!(whole["id"].as_str().expect("an id").starts_with("chatcmpl-"));
    let message = &choice["message"];
    assert_eq!(message["role"], "assistant");
    said.text = message["content"].as_str().unwrap_or_default().to_owned();
    said.thinking = message["reasoning_content"].as_str().unwrap_or_default().to_owned();
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let (name, input) = match call["type"].as_str() {
            Some("function") => {
                let arguments = text(&call["function"]["arguments"]);
                (&call["function"]["name"], serde_json::from_str(&arguments).expect("JSON"))
            }
            Some("custom") => (&call["custom"]["name"], call["custom"]["input"].clone()),
            other => panic!("{other:?}"),
        };
        said.calls.push(Call { id: text(&call["id"]), name: text(name), input });
    }
    said
}

pub(super) fn read_stream(answer: &Answer) -> Said {
    let mut said = Said::default();
    let mut id = String::new();
    let mut inputs: Vec<(bool, String)> = Vec::new();
    for (name, data) in answer.events() {
        assert_eq!(name, "", "OpenAI's events have no names");
        assert!(!said.ended && said.error.is_none(), "{data} after the end: {}", answer.text());
        if data == "[DONE]" {
            assert!(!said.stop.is_empty(), "no finish reason: {}", answer.text());
            said.ended = true;
            continue;
        }
        let chunk: Value = serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}"));
        if chunk.get("error").is_some() {
            said.error = Some(chunk);
            continue;
        }
        if id.is_empty() {
            id = text(&chunk["id"]);
            said.model = text(&chunk["model"]);
        }
        assert_eq!((text(&chunk["id"]), text(&chunk["model"])), (id.clone(), said.model.clone()));
        assert!(chunk["created"].is_u64(), "{chunk}");
        if let Some(told) = chunk.get("usage").filter(|usage| !usage.is_null()) {
            assert!(!said.stop.is_empty() && chunk["choices"] == serde_json::json!([]), "{chunk}");
            said.usage = Some(usage(told));
            continue;
        }
        let choice = &chunk["choices"][0];
        assert_eq!(choice["index"], 0, "{chunk}");
        assert_eq!(said.stop, "", "{chunk} after the finish reason");
        match chunk["object"].as_str() {
            Some("text_completion") => said.text += choice["text"].as_str().expect("text"),
            Some("chat.completion.chunk") => delta(&choice["delta"], &mut said, &mut inputs),
            other => panic!("{other:?}"),
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            said.stop = reason.to_owned();
        }
    }
    if said.ended {
        for (call, (custom, input)) in said.calls.iter_mut().zip(inputs) {
            call.input =
                if custom { input.into() } else { serde_json::from_str(&input).expect("JSON arguments") };
        }
    }
    said
}

fn delta(delta: &Value, said: &mut Said, inputs: &mut Vec<(bool, String)>) {
    if let Some(role) = delta.get("role") {
        assert_eq!(role, "assistant");
    }
    said.text += delta["content"].as_str().unwrap_or_default();
    said.thinking += delta["reasoning_content"].as_str().unwrap_or_default();
    for piece in delta["tool_calls"].as_array().into_iter().flatten() {
        let index = usize::try_from(piece["index"].as_u64().expect("an index")).expect("small");
        let custom = piece.get("custom").is_some();
        let what = if custom { &piece["custom"] } else { &piece["function"] };
        if index == said.calls.len() {
            // Id, type and name come in the first piece and never again: clients join what is repeated.
            assert_eq!(piece["type"], if custom { "custom" } else { "function" }, "{piece}");
            said.calls.push(Call { id: text(&piece["id"]), name: text(&what["name"]), input: Value::Null });
            inputs.push((custom, String::new()));
        } else {
            assert!(piece.get("id").is_none() && what.get("name").is_none(), "{piece}");
        }
        inputs[index].1 += what[if custom { "input" } else { "arguments" }].as_str().unwrap_or_default();
    }
}

fn usage(usage: &Value) -> Usage {
    let count = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("a counter in {usage}"));
    let prompt = count(&usage["prompt_tokens"]);
    let output = count(&usage["completion_tokens"]);
    let cache_read = count(&usage["prompt_tokens_details"]["cached_tokens"]);
    let cache_write = count(&usage["prompt_tokens_details"]["cache_write_tokens"]);
    count(&usage["completion_tokens_details"]["reasoning_tokens"]);
    assert_eq!(count(&usage["total_tokens"]), prompt + output);
    Usage { input: prompt - cache_read - cache_write, output, cache_read, cache_write }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
