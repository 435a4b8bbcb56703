//! Requests that are longer than an account lets them be.

use llm::{Block, Category, Content, Message, Source};
use proptest::prelude::*;

use super::random::{any_meaning, any_tail};
use super::*;

/// The conversation with results of tools, pictures and documents as long as real ones.
fn stretched(mut meaning: Meaning, times: usize) -> Meaning {
    fn stretch(block: &mut Block, times: usize, within: bool) {
        match &mut block.content {
            Content::ToolResult { content, .. } => {
                content.iter_mut().for_each(|block| stretch(block, times, true));
            }
            Content::Text { text } if within => *text = text.repeat(times),
            Content::Image { source: Source::Base64 { data, .. } } => *data = data.repeat(times).into(),
            Content::Document { source: Source::Text { text }, .. } => *text = text.repeat(times),
            _ => {}
        }
    }
    let blocks = meaning.messages.iter_mut().flat_map(|message| &mut message.content);
    blocks.for_each(|block| stretch(block, times, false));
    meaning
}

/// Words that may not be cut: those of both sides outside results of tools and attachments.
fn spoken(meaning: &Meaning) -> Vec<&str> {
    let blocks = meaning.messages.iter().flat_map(|message| &message.content);
    let texts = blocks.filter_map(|block| match &block.content {
        Content::Text { text } if !text.trim().is_empty() => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// The ids of calls and of results, in order.
fn pairs(body: &Value) -> (Vec<&Value>, Vec<&Value>) {
    let state = &body["conversationState"];
    let entries = || state["history"].as_array().into_iter().flatten().chain([&state["currentMessage"]]);
    let ids =
        |list: &'static str| entries().filter_map(move |entry| entry.pointer(list)?.as_array()).flatten();
    (
        ids("/assistantResponseMessage/toolUses").map(|call| &call["toolUseId"]).collect(),
        ids("/userInputMessage/userInputMessageContext/toolResults")
            .map(|result| &result["toolUseId"])
            .collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sent_fits_and_loses_nothing_that_must_stay(
        meaning in any_meaning(), tail in any_tail(), times in 1_usize..60, share in 0.2_f64..1.1,
    ) {
        let mut meaning = stretched(meaning, times);
        meaning.messages.extend(tail);
        let asked = bare_request(Wire::AnthropicMessages);
        let model = model("claude-opus-4.8", ThinkingStyle::No);
        let Ok(whole) = write_request(&asked, &meaning, &model, &IDE) else { return Ok(()) };
        let most = (whole.body.len() as f64 * share) as usize;
        let guarded = Manner { most_body: Some(most), ..IDE };
        let written = match write_request(&asked, &meaning, &model, &guarded) {
            Ok(written) => written,
            Err(error) => {
                prop_assert_eq!(error.category, Category::ContextLength);
                prop_assert!(error.message.starts_with("prompt is too long"), "{}", error);
                prop_assert!(whole.body.len() > most);
                return Ok(());
            }
        };
        prop_assert!(written.body.len() <= most);
        if whole.body.len() <= most {
            prop_assert_eq!(written.body, whole.body, "what fits is left alone");
            prop_assert_eq!(written.adjustments, whole.adjustments);
            return Ok(());
        }
        let (before, after) = (json(&whole.body), json(&written.body));
        prop_assert_eq!(rules::check(&after), Ok(()), "{}", after);
        prop_assert_eq!(pairs(&before), pairs(&after));
        let current = |body: &Value| body["conversationState"]["currentMessage"].clone();
        prop_assert_eq!(current(&before), current(&after), "the last turn stays");
        let words = words::by_speaker(&after);
        for text in spoken(&meaning) {
            prop_assert!(words.values().any(|said| said.contains(text)), "{text:?} is gone from {after}");
        }
        let told = |token: &str| written.adjustments.iter().find_map(|known| known.strip_prefix(token)?.parse::<usize>().ok());
        let parts = [told("tool_results:cut:"), told("attachments:cut:")];
        prop_assert_eq!(told("shortened:"), Some(parts.into_iter().flatten().sum()), "{:?}", written.adjustments);
    }
}

fn result(id: &str, text: String) -> Message {
    let content = vec![Block::text(text)];
    let result = Content::ToolResult { id: id.to_owned(), content, is_error: true };
    Message { role: llm::Role::User, content: vec![result.into()] }
}

fn call(id: &str) -> Message {
    let call = Content::ToolUse { id: id.to_owned(), name: "Read".to_owned(), input: "{}".to_owned() };
    Message { role: llm::Role::Assistant, content: vec![call.into()] }
}

#[test]
fn the_oldest_results_go_first_and_pictures_after_all_of_them() {
    let data = "iVBORw0KGgo=".repeat(500);
    let picture =
        Content::Image { source: Source::Base64 { media_type: "image/png".into(), data: data.into() } };
    let asks = Message { role: llm::Role::User, content: vec![Block::text("Look."), picture.into()] };
    let messages = vec![
        asks,
        call("a"),
        result("a", "first ".repeat(1000)),
        call("b"),
        result("b", "second ".repeat(1000)),
        call("c"),
        result("c", "third ".repeat(1000)),
    ];
    let meaning = Meaning { messages, ..Meaning::default() };
    let opus = model("claude-opus-4.8", ThinkingStyle::No);
    let whole =
        write_request(&bare_request(Wire::AnthropicMessages), &meaning, &opus, &IDE).expect("writable");
    let whole = whole.body.len();
    for (most, gone, token) in [
        (whole - 100, vec!["first "], "shortened:1"),
        (whole - 6500, vec!["first ", "second "], "shortened:2"),
        (whole - 13_000, vec!["first ", "second ", "iVBORw0KGgo="], "shortened:3"),
    ] {
        let (body, adjustments) = written(&meaning, &opus, &Manner { most_body: Some(most), ..IDE });
        assert!(adjustments.contains(&token.to_owned()), "{adjustments:?}");
        let text = body.to_string();
        for words in ["first ", "second ", "third ", "iVBORw0KGgo="] {
            assert_eq!(text.contains(&words.repeat(2)), !gone.contains(&words), "{words} {most}");
        }
        let first = &body["conversationState"]["history"][2]["userInputMessage"]["userInputMessageContext"]["toolResults"]
            [0];
        assert_eq!(first["status"], "error");
        let note = "[Switchboard cut the 6000 characters of this earlier result: the request was too long for Kiro.]";
        assert_eq!(first["content"][0]["text"], note);
    }
    let refused = refusal(&meaning, &opus, &Manner { most_body: Some(6000), ..IDE });
    assert_eq!(refused.category, Category::ContextLength);
    assert!(refused.message.contains("6000") && refused.message.contains("`context_guard`"), "{refused}");
}
