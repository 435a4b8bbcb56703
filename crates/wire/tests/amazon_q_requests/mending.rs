//! Broken orders and what becomes of them.

use llm::{Block, Category, Content, Message, Role, Source, ThinkingStyle};
use serde_json::json;

use super::*;

fn user(content: Vec<Block>) -> Message {
    Message { role: Role::User, content }
}

fn assistant(content: Vec<Block>) -> Message {
    Message { role: Role::Assistant, content }
}

fn text(text: &str) -> Block {
    Block::text(text)
}

fn call(id: &str) -> Block {
    Content::ToolUse { id: id.into(), name: "Read".into(), input: "{\"x\":1}".into() }.into()
}

fn result(id: &str, content: Vec<Block>) -> Block {
    Content::ToolResult { id: id.into(), content, is_error: false }.into()
}

fn image() -> Block {
    Content::Image { source: Source::Base64 { media_type: "image/jpg".into(), data: "/9j/".into() } }.into()
}

fn document(title: &str, source: Source) -> Block {
    Content::Document { source, title: Some(title.into()), context: None, citations: false }.into()
}

fn talk(messages: Vec<Message>) -> Meaning {
    Meaning { messages, ..Meaning::default() }
}

/// Entries in short: words, then results and calls as `id`, errors as `!id`.
fn told(body: &Value) -> Vec<String> {
    let state = &body["conversationState"];
    let history = state["history"].as_array().expect("history");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    history
        .iter()
        .chain([&state["currentMessage"]])
        .map(|entry| {
            let (user, assistant) = (&entry["userInputMessage"], &entry["assistantResponseMessage"]);
            let message = if user.is_null() { assistant } else { user };
            let mut told = message["content"].as_str().expect("content").to_owned();
            for result in list(&user["userInputMessageContext"]["toolResults"]) {
                let mark = if result["status"] == "error" { "!" } else { "" };
                let id = result["toolUseId"].as_str().expect("an id");
                let words: Vec<_> =
                    list(&result["content"]).iter().map(|piece| piece["text"].clone()).collect();
                told.push_str(&format!(" [{mark}{id} {}]", Value::from(words)));
            }
            for call in list(&assistant["toolUses"]) {
                told.push_str(&format!(" <{}>", call["toolUseId"].as_str().expect("an id")));
            }
            told
        })
        .collect()
}

#[track_caller]
fn expect(messages: Vec<Message>, entries: &[&str], adjustments: &[&str]) {
    let (body, noted) = written(&talk(messages), &sonnet(), &IDE);
    assert_eq!(told(&body), entries);
    let noted: Vec<_> = noted.iter().filter(|token| *token != "tools:stub").collect();
    assert_eq!(noted, adjustments);
}

#[test]
fn turns_alternate() {
    expect(
        vec![
            user(vec![text("a"), text(" "), text("b")]),
            user(vec![text("c")]),
            Message { role: Role::System, content: vec![text("be kind")] },
            assistant(vec![text("d")]),
            assistant(vec![]),
            assistant(vec![text("e")]),
            user(vec![text("")]),
            user(vec![text("f")]),
        ],
        &["a\n\nb\n\nc\n\n<system-reminder>\nbe kind\n</system-reminder>", "d\n\ne", "f"],
        &["messages:alternation"],
    );
    // A reminder beside the user's words is no mistake.
    expect(
        vec![user(vec![text("a")]), Message { role: Role::System, content: vec![text("s")] }],
        &["a\n\n<system-reminder>\ns\n</system-reminder>"],
        &[],
    );
}

#[test]
fn the_user_begins_and_ends() {
    expect(
        vec![assistant(vec![text("hello")]), user(vec![text("a")]), assistant(vec![text("so: ")])],
        &[".", "hello", "a", "so: ", "Continue."],
        &["messages:prefill", "messages:first_user_added"],
    );
    expect(
        vec![user(vec![text("a")]), assistant(vec![text("b"), call("1")])],
        &["a", "b <1>", "Continue. [!1 [\"(no result)\"]]"],
        &["messages:prefill", "tool_results:missing"],
    );
}

#[test]
fn nothing_to_say_is_refused() {
    for messages in [vec![], vec![user(vec![]), assistant(vec![text(" ")]), user(vec![text("")])]] {
        let error = refusal(&talk(messages), &sonnet(), &IDE);
        assert_eq!((error.category, error.param.as_deref()), (Category::InvalidRequest, Some("messages")));
    }
}

#[test]
fn results_find_their_calls() {
    // In the order of the calls, whatever the order they came in, and over several messages.
    expect(
        vec![
            user(vec![text("q")]),
            assistant(vec![call("1"), call("2")]),
            user(vec![result("2", vec![text("two")])]),
            user(vec![text("wait"), result("1", vec![])]),
        ],
        &["q", "  <1> <2>", "wait [1 [\"(no output)\"]] [2 [\"two\"]]"],
        &[],
    );
}

#[test]
fn results_without_a_call_become_words() {
    expect(
        vec![
            user(vec![result("0", vec![text("zero")]), text("q")]),
            assistant(vec![call("1")]),
            user(vec![result("1", vec![text("one")]), result("1", vec![text("once more")])]),
            assistant(vec![text("fine")]),
            user(vec![result("1", vec![text("late")])]),
        ],
        &[
            "Result of an earlier tool call:\nzero\n\nq",
            "  <1>",
            "Result of an earlier tool call:\nonce more [1 [\"one\"]]",
            "fine",
            "Result of an earlier tool call:\nlate",
        ],
        &["tool_results:orphan"],
    );
}

#[test]
fn calls_without_a_result_get_an_error() {
    expect(
        vec![
            user(vec![text("q")]),
            assistant(vec![call("1"), call("2")]),
            user(vec![text("never mind"), result("2", vec![text("two")])]),
            assistant(vec![text("fine")]),
            user(vec![text("bye")]),
        ],
        &["q", "  <1> <2>", "never mind [!1 [\"(no result)\"]] [2 [\"two\"]]", "fine", "bye"],
        &["tool_results:missing"],
    );
}

#[test]
fn ids_are_legal_and_unique() {
    let (body, adjustments) = written(
        &talk(vec![
            user(vec![text("q")]),
            assistant(vec![call("functions.Read:0"), call("b"), call("b")]),
            user(vec![
                result("b", vec![text("1")]),
                result("functions.Read:0", vec![text("0")]),
                result("b", vec![text("2")]),
            ]),
            assistant(vec![call("b")]),
            user(vec![result("b", vec![text("3")])]),
        ]),
        &sonnet(),
        &IDE,
    );
    assert_eq!(adjustments, ["tools:stub", "tool_ids:duplicate"]);
    let state = &body["conversationState"];
    let results = |entry: &Value| -> Vec<(String, Value)> {
        let results = &entry["userInputMessage"]["userInputMessageContext"]["toolResults"];
        let results = results.as_array().expect("results").iter();
        results
            .map(|result| {
                (result["toolUseId"].as_str().expect("id").to_owned(), result["content"][0]["text"].clone())
            })
            .collect()
    };
    let first = results(&state["history"][2]);
    assert!(first[0].0.starts_with("tooluse_") && first[1].0 == "b" && first[2].0.starts_with("tooluse_"));
    assert_eq!(first.iter().map(|(_, text)| text).collect::<Vec<_>>(), ["0", "1", "2"]);
    let last = results(&state["currentMessage"]);
    assert!(last[0].0 != "b" && last[0].0 != first[2].0);
    assert_eq!(last[0].1, "3");
}

#[test]
fn pictures_and_documents_stand_beside_the_words() {
    let pdf = || Source::Base64 { media_type: "application/pdf".into(), data: "JVBERi0=".into() };
    let (body, _) = written(
        &talk(vec![
            user(vec![image()]),
            assistant(vec![call("1"), call("2")]),
            user(vec![
                result("1", vec![text("seen"), image()]),
                result("2", vec![document("a.pdf", pdf())]),
                document("a.pdf", pdf()),
            ]),
        ]),
        &sonnet(),
        &IDE,
    );
    assert_eq!(
        told(&body),
        [
            "See the attached image.",
            "  <1> <2>",
            "Tool results are attached. [1 [\"seen\"]] [2 [\"(see the attachment)\"]]"
        ]
    );
    let state = &body["conversationState"];
    let jpeg = json!([{"format": "jpeg", "source": {"bytes": "/9j/"}}]);
    assert_eq!(state["history"][0]["userInputMessage"]["images"], jpeg);
    let current = &state["currentMessage"]["userInputMessage"];
    assert_eq!(current["images"], jpeg);
    let pdf = |name: &str| json!({"name": name, "format": "pdf", "source": {"bytes": "JVBERi0="}});
    assert_eq!(current["documents"], json!([pdf("a-pdf"), pdf("a-pdf 2")]));
    let (body, _) = written(&talk(vec![user(vec![document("a", pdf_source())])]), &sonnet(), &IDE);
    assert_eq!(told(&body), ["See the attached document."]);
}

fn pdf_source() -> Source {
    Source::Base64 { media_type: "application/pdf".into(), data: "JVBERi0=".into() }
}

#[test]
fn documents_become_text_where_they_can() {
    let mut plain = sonnet();
    plain.documents = false;
    let notes = document("Notes", Source::Text { text: "remember".into() });
    let (body, adjustments) = written(&talk(vec![user(vec![notes, text("well?")])]), &plain, &IDE);
    assert_eq!(told(&body), ["Notes\n\nremember\n\nwell?"]);
    assert_eq!(adjustments, ["document:text"]);
    let error = refusal(&talk(vec![user(vec![document("a", pdf_source())])]), &plain, &IDE);
    assert_eq!(error.category, Category::InvalidRequest);
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let url = || Source::Url { url: "https://example.invalid/a.png".into() };
    let odd = |media_type: &str| Source::Base64 { media_type: media_type.into(), data: "AAAA".into() };
    let mut blind = sonnet();
    blind.vision = false;
    let cases = [
        (sonnet(), Content::Image { source: url() }.into(), "send them as base64"),
        (sonnet(), document("a", url()), "send them as base64"),
        (sonnet(), Content::Image { source: odd("image/tiff") }.into(), "image/tiff"),
        (sonnet(), document("a", odd("application/zip")), "application/zip"),
        (blind, image(), "doesn't support the image"),
    ];
    for (model, block, words) in cases {
        let error = refusal(&talk(vec![user(vec![block])]), &model, &IDE);
        assert_eq!(error.category, Category::InvalidRequest);
        assert!(error.message.contains(words), "{}", error.message);
    }
    let many = written(&talk(vec![user(vec![image(); 21])]), &sonnet(), &IDE).1;
    assert_eq!(many, ["images:many"]);
    let misplaced = refusal(&talk(vec![user(vec![call("1")])]), &sonnet(), &IDE);
    assert!(misplaced.message.contains("`tool_use` blocks can only be in `assistant` messages"));
}

#[test]
fn thoughts_go_back_only_where_they_are_taken() {
    let thought = |text: &str, signature: Option<&str>| -> Block {
        Content::Thinking { text: text.into(), signature: signature.map(str::to_owned) }.into()
    };
    let opaque: Block = Content::RedactedThinking { data: "b3A=".into() }.into();
    let of = |blocks: Vec<Block>, style: ThinkingStyle, manner: &Manner<'_>| {
        let blocks = blocks.into_iter().chain([text("so")]).collect();
        let meaning = talk(vec![user(vec![text("q")]), assistant(blocks), user(vec![text("and?")])]);
        let (body, adjustments) = written(&meaning, &model("claude-opus-4.8", style), manner);
        let entry = &body["conversationState"]["history"][1]["assistantResponseMessage"];
        (entry["reasoningContent"].clone(), adjustments)
    };
    let signed = |text: &str| json!({"reasoningText": {"text": text, "signature": "s"}});
    let two = vec![thought("one", Some("s")), thought("two", Some("s")), opaque.clone()];
    let (kept, adjustments) = of(two.clone(), ThinkingStyle::Adaptive, &IDE);
    assert_eq!((kept, adjustments), (signed("two"), vec!["thinking:one_kept".to_owned()]));
    let first = vec![opaque.clone(), thought("two", Some("s"))];
    assert_eq!(of(first, ThinkingStyle::AdaptiveAlways, &IDE).0, signed("two"));
    let (kept, adjustments) = of(vec![opaque], ThinkingStyle::ReasoningObject, &IDE);
    assert_eq!((kept, adjustments.len()), (json!({"redactedContent": "b3A="}), 0));
    let dropped = (Value::Null, vec!["thinking:history_dropped".to_owned()]);
    assert_eq!(of(vec![thought("one", None)], ThinkingStyle::Adaptive, &IDE), dropped);
    assert_eq!(of(two.clone(), ThinkingStyle::Prompted, &IDE), dropped);
    assert_eq!(of(two, ThinkingStyle::Adaptive, &Manner { reasoning: false, ..IDE }), dropped);
}
