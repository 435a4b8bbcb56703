//! Random conversations, as broken as clients make them.

use llm::{Block, Content, Message, Role, Source, ThinkingStyle, Tool, ToolKind};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn any_id() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "tooluse_1", "functions.Bash:0", "ü", ""]).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9_.: -]{1,80}",
    ]
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["Read", "read", "READ", "list_dir", "mcp__server.tool", "1st"])
            .prop_map(str::to_owned),
        1 => ".{1,90}",
    ]
}

fn any_text() -> impl Strategy<Value = Block> {
    prop_oneof![
        1 => Just(Block::text("")),
        1 => Just(Block::text(" \n")),
        4 => "[a-z]{1,6}( [a-z]{1,6}){0,3}".prop_map(Block::text),
    ]
}

fn any_medium() -> impl Strategy<Value = Block> {
    prop_oneof![
        Just(Content::Image {
            source: Source::Base64 { media_type: "image/png".into(), data: "iVBORw0KGgo=".into() }
        }),
        prop::option::of("[a-z ]{0,5}").prop_map(|title| Content::Document {
            source: Source::Text { text: "notes".into() },
            title,
            context: Some("about the notes".into()),
            citations: true,
        }),
    ]
    .prop_map(Block::from)
}

fn any_result() -> impl Strategy<Value = Block> {
    let content =
        prop::collection::vec(prop_oneof![4 => any_text().boxed(), 1 => any_medium().boxed()], 0..3);
    (any_id(), content, any::<bool>())
        .prop_map(|(id, content, is_error)| Content::ToolResult { id, content, is_error }.into())
}

fn any_assistant_block() -> impl Strategy<Value = Block> {
    let input = prop::sample::select(vec!["{}", "{\"x\":1}", "null", "[1]", "", "not json"]);
    prop_oneof![
        4 => any_text().boxed(),
        4 => (any_id(), any_name(), input)
            .prop_map(|(id, name, input)| Content::ToolUse { id, name, input: input.into() }.into()).boxed(),
        1 => prop::option::of(Just("c2ln".to_owned()))
            .prop_map(|signature| Content::Thinking { text: "hm".into(), signature }.into()).boxed(),
        1 => Just(Content::RedactedThinking { data: "b3BhcXVl".into() }.into()).boxed(),
        1 => Just(Content::Opaque { wire: Wire::AnthropicMessages, value: json!({}) }.into()).boxed(),
    ]
}

fn any_message() -> impl Strategy<Value = Message> {
    let user = prop_oneof![5 => any_text().boxed(), 4 => any_result().boxed(), 1 => any_medium().boxed()];
    prop_oneof![
        5 => prop::collection::vec(user, 0..4).prop_map(|content| Message { role: Role::User, content }),
        5 => prop::collection::vec(any_assistant_block(), 0..5)
            .prop_map(|content| Message { role: Role::Assistant, content }),
        1 => prop::collection::vec(any_text(), 0..2).prop_map(|content| Message { role: Role::System, content }),
    ]
}

fn any_tool() -> impl Strategy<Value = Tool> {
    let schema = prop::sample::select(vec![
        json!({"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}),
        json!({"$schema": "s", "type": "object", "properties": null, "required": null}),
        json!({"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}], "$defs": {"a": {"properties": {"y": {"$ref": "#"}}}}}),
        json!(null),
    ]);
    let description =
        prop::option::of(prop::sample::select(vec![String::new(), "d".into(), "é".repeat(9300)]));
    (any_name(), description, schema).prop_map(|(name, description, schema)| Tool {
        name,
        description,
        schema,
        strict: None,
        cache: None,
        kind: ToolKind::Function,
    })
}

fn any_choice() -> impl Strategy<Value = Option<llm::ToolChoice>> {
    use llm::ToolChoice;
    prop::option::of(prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Any),
        any_name().prop_map(ToolChoice::Named),
    ])
}

fn any_style() -> impl Strategy<Value = ThinkingStyle> {
    prop_oneof![
        Just(ThinkingStyle::No),
        Just(ThinkingStyle::Adaptive),
        Just(ThinkingStyle::AdaptiveAlways),
        Just(ThinkingStyle::ReasoningObject),
        Just(ThinkingStyle::Prompted),
    ]
}

pub(crate) fn any_meaning() -> impl Strategy<Value = Meaning> {
    (
        prop::collection::vec(any_text(), 0..3),
        prop::collection::vec(any_message(), 0..9),
        prop::collection::vec(any_tool(), 0..5),
        any_choice(),
        prop::option::of(any::<bool>()),
        prop::option::of(prop::sample::select(vec![
            llm::Thinking::Off,
            llm::Thinking::Adaptive,
            llm::Thinking::Budget(9000),
        ])),
    )
        .prop_map(|(system, messages, tools, tool_choice, parallel_tools, thinking)| Meaning {
            system,
            messages,
            tools,
            tool_choice,
            parallel_tools,
            thinking,
            max_tokens: Some(500),
            ..Meaning::default()
        })
}

/// What an assistant and then the person may say last.
pub(crate) fn any_tail() -> impl Strategy<Value = Vec<Message>> {
    let said = any_text().prop_map(|block| Message { role: Role::Assistant, content: vec![block] });
    let asked = any_text().prop_map(|block| Message { role: Role::User, content: vec![block] });
    (prop::option::of(said), prop::option::of(asked))
        .prop_map(|(said, asked)| said.into_iter().chain(asked).collect())
}

/// The words of one side, those of results included.
fn said(meaning: &Meaning, assistant: bool) -> Vec<&str> {
    fn texts<'a>(blocks: &'a [Block], out: &mut Vec<&'a str>) {
        for block in blocks {
            match &block.content {
                Content::Text { text } if !text.trim().is_empty() => out.push(text),
                Content::ToolResult { content, .. } => texts(content, out),
                Content::Document { context: Some(context), .. } => out.push(context),
                _ => {}
            }
        }
    }
    let mut out = Vec::new();
    let of = |message: &&Message| (message.role == Role::Assistant) == assistant;
    meaning.messages.iter().filter(of).for_each(|message| texts(&message.content, &mut out));
    if !assistant {
        texts(&meaning.system, &mut out);
    }
    out
}

/// How often each text is said; a word may be lost where another says the same.
fn count(text: &str, within: &[&str]) -> usize {
    within.iter().filter(|other| other.contains(text)).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_rule_is_kept_and_no_word_lost(meaning in any_meaning(), style in any_style(), ide in any::<bool>(), reasoning in any::<bool>()) {
        let schema = schema_of(if style == ThinkingStyle::ReasoningObject { "gpt-5.6-sol" } else { "claude-opus-4.8" });
        let manner = Manner { fields_schema: Some(&schema), reasoning, ..if ide { IDE } else { CLI } };
        let asked = bare_request(Wire::AnthropicMessages);
        let model = model("claude-opus-4.8", style);
        let written = match write_request(&asked, &meaning, &model, &manner) {
            Ok(written) => written,
            Err(error) => {
                // Only a conversation in which nobody says anything is refused.
                prop_assert!(error.message.contains("at least one message"), "{error}");
                let silent = Meaning { system: Vec::new(), ..meaning.clone() };
                prop_assert!(said(&silent, false).is_empty() && said(&silent, true).is_empty());
                return Ok(());
            }
        };
        let body = json(&written.body);
        prop_assert_eq!(rules::check(&body), Ok(()), "{}", body);
        let words = words::by_speaker(&body);
        for (assistant, who) in [(false, "user"), (true, "assistant")] {
            let texts = said(&meaning, assistant);
            for text in &texts {
                let there = words[who].matches(text).count();
                prop_assert!(there >= count(text, &texts), "{who} said {text:?} {there} times in {body}");
            }
        }
        // The same request is the same bytes the next time.
        let again = write_request(&asked, &meaning, &model, &manner).expect("writable");
        prop_assert_eq!(again.body, written.body);
        prop_assert_eq!(again.adjustments, written.adjustments);
    }

    /// What was said stays as it is when the conversation goes on: the service caches by prefix.
    #[test]
    fn a_longer_conversation_begins_alike(mut meaning in any_meaning(), more in "[a-z]{1,6}") {
        meaning.messages.push(Message { role: Role::User, content: vec![Block::text("go")] });
        let opus = model("claude-opus-4.8", ThinkingStyle::No);
        let (before, _) = written(&meaning, &opus, &IDE);
        meaning.messages.push(Message { role: Role::Assistant, content: vec![Block::text(more.clone())] });
        meaning.messages.push(Message { role: Role::User, content: vec![Block::text(more)] });
        let (after, _) = written(&meaning, &opus, &IDE);
        let entries = |body: &Value| body["conversationState"]["history"].as_array().expect("history").clone();
        let (before, after) = (entries(&before), entries(&after));
        prop_assert_eq!(&after[..before.len()], &before[..]);
    }
}
