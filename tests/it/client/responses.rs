//! Reads answers of OpenAI's Responses, as strictly as the SDK's typed parser and Codex together.

use serde_json::{Value, json};

use super::{Call, Said, Usage};
use crate::harness::Answer;

pub(super) fn read_whole(whole: &Value) -> Said {
    assert_eq!(whole["object"], "response");
    assert!(text(&whole["id"]).starts_with("resp_"), "{whole}");
    assert!(whole["created_at"].as_u64().expect("a time") > 1_700_000_000);
    for name in ["tools", "output"] {
        assert!(whole[name].is_array(), "{name}: {whole}");
    }
    for name in ["tool_choice", "parallel_tool_calls", "metadata", "text"] {
        assert!(!whole[name].is_null(), "{name}: {whole}");
    }
    let mut said = Said {
        model: text(&whole["model"]),
        stop: match text(&whole["status"]).as_str() {
            "incomplete" => text(&whole["incomplete_details"]["reason"]),
            status => status.to_owned(),
        },
        usage: Some(usage(&whole["usage"])),
        ended: true,
        ..Said::default()
    };
    for item in whole["output"].as_array().into_iter().flatten() {
        take(item, &mut said);
    }
    said
}

fn take(item: &Value, said: &mut Said) {
    match item["type"].as_str().expect("a type") {
        "message" => {
            for part in item["content"].as_array().expect("content") {
                assert_eq!(part["type"], "output_text");
                assert!(part["annotations"].is_array());
                said.text += &text(&part["text"]);
            }
        }
        "reasoning" => {
            for part in item["summary"].as_array().expect("a summary") {
                said.thinking += &text(&part["text"]);
            }
            said.signature += item["encrypted_content"].as_str().unwrap_or_default();
        }
        "function_call" => said.calls.push(Call {
            id: text(&item["call_id"]),
            name: text(&item["name"]),
            input: match item["status"].as_str() {
                Some("incomplete") => Value::Null,
                _ => serde_json::from_str(&text(&item["arguments"])).expect("JSON"),
            },
        }),
        "custom_tool_call" => said.calls.push(Call {
            id: text(&item["call_id"]),
            name: text(&item["name"]),
            input: item["input"].clone(),
        }),
        other => panic!("{other}"),
    }
}

pub(super) fn read_stream(answer: &Answer) -> Said {
    let mut said = Said::default();
    let (mut id, mut done, mut texts) = (String::new(), Vec::<Value>::new(), String::new());
    let mut last = None;
    for (number, (name, data)) in answer.events().into_iter().enumerate() {
        assert!(last.is_none(), "{data} after the end: {}", answer.text());
        let event: Value = serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}"));
        assert_eq!((&event["type"], &event["sequence_number"]), (&json!(name), &json!(number)));
        match name.as_str() {
            "response.created" => id = text(&event["response"]["id"]),
            "response.in_progress" => assert_eq!(event["response"]["status"], "in_progress"),
            "response.completed" | "response.incomplete" | "response.failed" => last = Some(event),
            "response.output_item.done" => done.push(event["item"].clone()),
            "response.output_text.delta" => {
                texts += event["delta"].as_str().expect("text");
                said.text.clone_from(&texts);
            }
            _ => assert!(event["output_index"].is_u64(), "{event}"),
        }
    }
    let Some(last) = last else { return said };
    let response = &last["response"];
    assert_eq!(text(&response["id"]), id);
    if last["type"] == "response.failed" {
        let failure = &response["error"];
        said.error = Some(json!({"error": {
            "message": failure["message"], "code": text(&failure["code"]), "type": "server_error", "param": null,
        }}));
        return said;
    }
    let whole = read_whole(response);
    assert_eq!(whole.text, texts, "{}", answer.text());
    let finished = response["output"].as_array().expect("output").iter();
    let finished: Vec<_> = finished.filter(|item| item["status"] != "incomplete").cloned().collect();
    assert_eq!(done, finished);
    whole
}

fn usage(usage: &Value) -> Usage {
    let count = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("a counter in {usage}"));
    let (input, output) = (count(&usage["input_tokens"]), count(&usage["output_tokens"]));
    let cache_read = count(&usage["input_tokens_details"]["cached_tokens"]);
    let cache_write = count(&usage["input_tokens_details"]["cache_write_tokens"]);
    count(&usage["output_tokens_details"]["reasoning_tokens"]);
    assert_eq!(count(&usage["total_tokens"]), input + output);
    Usage { input: input - cache_read - cache_write, output, cache_read, cache_write }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
