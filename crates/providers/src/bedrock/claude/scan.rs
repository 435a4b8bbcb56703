//! A quick look at a conversation: can anything in it need an edit?
//!
//! One pass over the bytes, without a thought for structure. Quotes inside JSON strings are escaped, so `"word"`
//! between bare quotes is a whole name or a whole value. Whoever hides a name behind `\u0074…` escapes gets the
//! exact walk.

use std::sync::LazyLock;

use aho_corasick::packed::{Config, MatchKind, Searcher};

use super::cursor::{Field, Span, fields};
use super::walk::is_signed;

/// What the request around the conversation decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    /// The model takes `role: "system"` inside a conversation.
    pub(super) system_inside: bool,
    /// Cache markers that the conversation may still carry.
    pub(super) marks_left: usize,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing to edit; so many cache markers.
    Clean { marks: usize },
    /// Something to look at.
    Look,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// Always worth a look.
    Always,
    /// Worth a look where it stands as a value.
    Value,
    /// The same, unless the model takes system messages.
    System,
    /// A thought: worth a look unless it is signed and there is nothing else in its block.
    Thought,
    /// A hidden thought: worth a look unless there is nothing else in its block.
    Redacted,
    /// Worth a look unless its value is an object.
    Input,
    /// Worth a look as the value of `text`.
    Empty,
    /// Counted; worth a look unless it is the plain marker.
    Mark,
}

const SIGNS: [(&str, Sign); 20] = [
    (r#""caller""#, Sign::Always),
    (r#""citations""#, Sign::Always),
    (r#""output_config""#, Sign::Always),
    (r#"\u004"#, Sign::Always),
    (r#"\u005"#, Sign::Always),
    (r#"\u006"#, Sign::Always),
    (r#"\u007"#, Sign::Always),
    (r#""thinking""#, Sign::Thought),
    (r#""server_tool_use""#, Sign::Value),
    (r#""mcp_tool_use""#, Sign::Value),
    (r#"_tool_result""#, Sign::Always),
    (r#""container_upload""#, Sign::Value),
    (r#""tool_reference""#, Sign::Value),
    (r#""url""#, Sign::Value),
    (r#""file""#, Sign::Value),
    (r#""system""#, Sign::System),
    (r#""input""#, Sign::Input),
    (r#""""#, Sign::Empty),
    (r#""cache_control""#, Sign::Mark),
    (r#""redacted_thinking""#, Sign::Redacted),
];

/// The vector search for many words at once: four times as fast as the exact walk, where a plain automaton would
/// be slower than it. `None` on processors without the instructions; then every conversation is walked.
static SCANNER: LazyLock<Option<Searcher>> = LazyLock::new(|| {
    let words = SIGNS.iter().map(|(word, _)| word);
    Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(words).build()
});

/// Looks through the text of `messages`.
pub(super) fn scan(text: &[u8], question: Question) -> Finding {
    let Some(scanner) = SCANNER.as_ref() else { return Finding::Look };
    let mut marks = 0;
    for found in scanner.find_iter(text) {
        let (before, after) = (&text[..found.start()], &text[found.end()..]);
        let look = match SIGNS[found.pattern().as_usize()].1 {
            Sign::Always => true,
            Sign::Value => is_value(before),
            Sign::System => !question.system_inside && is_value(before),
            Sign::Thought => {
                let plain = |members: &[Field<'_>]| {
                    only(members, &["type", "thinking", "signature"]) && is_signed(text, members)
                };
                is_value(before) && !around(text, before).is_some_and(|members| plain(&members))
            }
            Sign::Redacted => {
                let plain = |members: &[Field<'_>]| only(members, &["type", "data"]);
                is_value(before) && !around(text, before).is_some_and(|members| plain(&members))
            }
            Sign::Input => value_behind(after).is_some_and(|value| value.first() != Some(&b'{')),
            Sign::Empty => is_value(before) && behind_text(before),
            Sign::Mark => match value_behind(after) {
                None => false,
                Some(value) => {
                    marks += 1;
                    marks > question.marks_left || !is_plain_mark(value)
                }
            },
        };
        if look {
            return Finding::Look;
        }
    }
    Finding::Clean { marks }
}

fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\n' | b'\r' | b'\t'] = text {
        text = rest;
    }
    text
}

fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

fn is_value(before: &[u8]) -> bool {
    trim_end(before).ends_with(b":")
}

fn behind_text(before: &[u8]) -> bool {
    trim_end(before).strip_suffix(b":").is_some_and(|name| trim_end(name).ends_with(br#""text""#))
}

fn value_behind(after: &[u8]) -> Option<&[u8]> {
    trim_start(after).strip_prefix(b":").map(trim_start)
}

/// The members of the block around a type, when the type comes first as it nearly always does.
fn around<'t>(text: &'t [u8], before: &[u8]) -> Option<Vec<Field<'t>>> {
    let name = trim_end(before).strip_suffix(b":").map(trim_end)?;
    let opening = trim_end(name.strip_suffix(br#""type""#)?);
    opening.ends_with(b"{").then(|| fields(text, Span { start: opening.len() - 1, end: text.len() }))
}

fn only(members: &[Field<'_>], names: &[&str]) -> bool {
    members.iter().all(|member| names.iter().any(|name| member.is(name)))
}

fn is_plain_mark(value: &[u8]) -> bool {
    let mut rest = value;
    for token in [&b"{"[..], br#""type""#, b":", br#""ephemeral""#, b"}"] {
        match trim_start(rest).strip_prefix(token) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str) -> bool {
        scan(text.as_bytes(), Question { system_inside: false, marks_left: 2 }) == Finding::Look
    }

    #[test]
    fn words_inside_texts_mean_nothing() {
        for text in [
            r#"[{"role":"user","content":"say \"caller\" and \"thinking\" and {\"type\":\"url\"} and \"\""}]"#,
            r#"[{"role":"user","content":[{"type":"text","text":"\""}]}]"#,
            r#"[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{"url":"x","file":"","new":""}}]}]"#,
            r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":""}]}]"#,
            r#"[{"role":"assistant","content":[{ "type" : "thinking" , "thinking":"\"x\"","signature":"Eu+/="},{"type":"redacted_thinking","data":"x"}]}]"#,
            r#"[{"role":"user","content":[{"type":"text","text":"a","cache_control" : { "type" : "ephemeral" }}]}]"#,
        ] {
            assert!(!look(text), "{text}");
        }
    }

    #[test]
    fn what_may_need_an_edit_is_seen() {
        for text in [
            r#"[{"role" : "system","content":"x"}]"#,
            r#"[{"type":"thinking","thinking":"x"}]"#,
            r#"[{"thinking":"x","type":"thinking","signature":"Eu"}]"#,
            r#"[{"type":"thinking","thinking":"x","signature":"switchboard.unsigned.v1"}]"#,
            r#"[{"type":"thinking","data":"x"}]"#,
            r#"[{"type":"redacted_thinking","data":"x","x":1}]"#,
            r#"[{"type":"thinking","thinking":"x","signature":"Eu","cache_control":null}]"#,
            r#"[{"type" : "text" , "text" : "" }]"#,
            r#"[{"input" : null}]"#,
            r#"[{"input":"{}"}]"#,
            r#"[{"caller":{}}]"#,
            r#"[{"role":"user","content":"x","output_config":{"effort":"low"}}]"#,
            r#"[{"type":"web_search_tool_result"}]"#,
            r#"[{"source":{"type":"url"}}]"#,
            r#"[{"cache_control":null}]"#,
            r#"[{"cache_control":{"type":"ephemeral","ttl":"1h"}}]"#,
            r#"[{"cache_control":{"type":"ephemeral","scope":"global"}}]"#,
            r#"[{"ty\u0070e":"thinking"}]"#,
        ] {
            assert!(look(text), "{text}");
        }
        let mark = r#"{"cache_control":{"type":"ephemeral"}}"#;
        assert!(look(&format!("[{mark},{mark},{mark}]")));
        assert!(!look(&format!("[{mark},{mark}]")));
    }
}
