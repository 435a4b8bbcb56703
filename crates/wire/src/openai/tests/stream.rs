//! Rules of chat streams that the golden file does not show.

use bytes::{Bytes, BytesMut};
use llm::{Event, Opening, StopReason, Usage, Whole, Wire};

use super::{STAMP, chat, chunk, chunks, say};
use crate::ServerCodec;
use crate::openai::chat::OpenAiChatServer;

fn plain() -> llm::Request {
    chat(r#"{"model":"a \"name\"","stream":true,"messages":[{"role":"user","content":"hi"}]}"#)
}

#[test]
fn usage_is_sent_only_when_asked() {
    let usage = Event::Usage(Usage { input: Some(3), ..Usage::default() });
    let said = say(OpenAiChatServer.writer(&plain(), STAMP), [usage]);
    assert!(!said.contains("usage"));
    assert!(said.ends_with("\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"), "{said}");
    assert!(chunks(&said).iter().all(|chunk| chunk["model"] == "a \"name\""));
}

#[test]
fn counters_that_follow_the_stop_still_count() {
    let asked = chat(
        r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#,
    );
    let said = say(
        OpenAiChatServer.writer(&asked, STAMP),
        [
            Event::Stop { reason: StopReason::MaxTokens, sequence: None },
            Event::Usage(Usage { input: Some(3), output: Some(4), ..Usage::default() }),
        ],
    );
    let chunks = chunks(&said);
    assert_eq!(chunks[1]["choices"][0]["finish_reason"], "length");
    assert_eq!(chunks[2]["usage"]["total_tokens"], 7);
    assert_eq!(chunks[2]["choices"], serde_json::json!([]));
}

#[test]
fn finish_reasons() {
    for (reason, word) in [
        (StopReason::EndTurn, "stop"),
        (StopReason::StopSequence, "stop"),
        (StopReason::MaxTokens, "length"),
        (StopReason::ContextWindow, "length"),
        (StopReason::Refusal, "content_filter"),
        (StopReason::Filtered, "content_filter"),
        (StopReason::PauseTurn, "stop"),
        (StopReason::Malformed, "stop"),
        (StopReason::Other("new_word".to_owned()), "stop"),
        // A forced tool that was turned back into text: there is no call to run.
        (StopReason::ToolUse, "stop"),
    ] {
        let stop = Event::Stop { reason, sequence: None };
        let said = say(OpenAiChatServer.writer(&plain(), STAMP), [stop]);
        assert_eq!(chunks(&said)[1]["choices"][0]["finish_reason"], word);
    }
    // A call that was cut off is no call to run.
    let block = Opening::ToolUse { id: "A".to_owned(), name: "f".to_owned() };
    let cut = [
        Event::BlockStart { index: 0, block },
        Event::ToolInputDelta { index: 0, json: "{\"a".to_owned() },
        Event::Stop { reason: StopReason::MaxTokens, sequence: None },
    ];
    assert!(say(OpenAiChatServer.writer(&plain(), STAMP), cut).contains("\"finish_reason\":\"length\""));
}

#[test]
fn pings_are_comments() {
    let mut out = BytesMut::new();
    OpenAiChatServer.writer(&plain(), STAMP).ping(&mut out);
    assert_eq!(out, &b": keep-alive\n\n"[..]);
}

#[test]
fn events_of_one_chunk_are_lines_of_their_own() {
    let text = |text: &str| Event::TextDelta { index: 0, text: text.to_owned() };
    let mut out = BytesMut::new();
    OpenAiChatServer
        .writer(&plain(), STAMP)
        .write(&chunk(vec![text("a"), text(""), text("\u{2028}b\n")]), &mut out);
    let said = String::from_utf8(out.to_vec()).expect("UTF-8");
    assert_eq!(chunks(&said).len(), 3);
    assert!(said.lines().all(|line| line.is_empty() || line.starts_with("data: ")));
}

#[test]
fn a_whole_answer_changes_its_name_alone() {
    let json = Bytes::from_static(br#"{"id":"x","model":"theirs","choices":[ ],"new":{"b" : 1.50}}"#);
    let whole = Whole { wire: Wire::OpenAiChat, json, usage: Usage::default(), stop: None };
    assert_eq!(
        OpenAiChatServer.write_whole(&plain(), &whole, STAMP),
        &br#"{"id":"x","model":"a \"name\"","choices":[ ],"new":{"b" : 1.50}}"#[..]
    );
}

#[test]
fn links_stand_in_the_last_chunk_and_count_characters() {
    let web =
        serde_json::json!({"type": "web_search_result_location", "url": "https://a.example", "title": "A"});
    let page = serde_json::json!({"type": "page_location", "document_index": 0});
    let text = |index, text: &str| {
        [Event::BlockStart { index, block: Opening::Text }, Event::TextDelta { index, text: text.to_owned() }]
    };
    let mut events = text(0, "caf\u{e9} ").to_vec();
    events.push(Event::BlockEnd { index: 0 });
    events.extend(text(1, "open"));
    events.push(Event::Citation { index: 1, citation: web.clone() });
    events.push(Event::Citation { index: 1, citation: page.clone() });
    events.push(Event::TextDelta { index: 1, text: "ed".to_owned() });
    events.push(Event::BlockEnd { index: 1 });
    let said = say(OpenAiChatServer.writer(&plain(), STAMP), events);
    let link = serde_json::json!([{"type": "url_citation",
        "url_citation": {"start_index": 5, "end_index": 11, "title": "A", "url": "https://a.example"}}]);
    let chunks = chunks(&said);
    assert_eq!(
        chunks.last().expect("an end")["choices"][0]["delta"],
        serde_json::json!({"annotations": link})
    );

    let answer = llm::Answer {
        content: vec![llm::Block::text("caf\u{e9} "), llm::Block::text("opened")],
        citations: vec![(1, web), (1, page)],
        ..llm::Answer::default()
    };
    let whole = OpenAiChatServer.write_answer(&plain(), &answer, STAMP);
    let whole: serde_json::Value = serde_json::from_slice(&whole).expect("JSON");
    assert_eq!(whole["choices"][0]["message"]["annotations"], link);
}

#[test]
fn the_tier_is_told_to_who_asked_and_where_the_upstream_tells() {
    let asking = chat(
        r#"{"model":"m","service_tier":"auto","stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#,
    );
    let usage = |tier| Usage { tier, ..Usage::default() };
    for (asked, told, expected) in [
        (plain(), None, None),
        (
            chat(r#"{"model":"m","service_tier":"flex","messages":[{"role":"user","content":"hi"}]}"#),
            None,
            Some("default"),
        ),
        (plain(), Some(llm::Tier::Priority), Some("priority")),
        (asking, Some(llm::Tier::Flex), Some("flex")),
    ] {
        let said = chunks(&say(OpenAiChatServer.writer(&asked, STAMP), [Event::Usage(usage(told))]));
        assert_eq!(said.last().expect("an end")["service_tier"].as_str(), expected);
        assert!(said[0].get("service_tier").is_none(), "not known yet");
        let answer = llm::Answer { usage: usage(told), ..llm::Answer::default() };
        let whole = OpenAiChatServer.write_answer(&asked, &answer, STAMP);
        let whole: serde_json::Value = serde_json::from_slice(&whole).expect("JSON");
        assert_eq!(whole["service_tier"].as_str(), expected);
    }
}
