use llm::{Answer, Collector, Content, Opening, Usage};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::eventstream::encode;
use crate::undo::{ANSWER_TOOL, Undo};
use crate::{NameRule, ToolNames};

mod random;

/// The text in pieces, cut between characters.
pub(crate) fn cut(text: &str, cuts: &[prop::sample::Index]) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(letters.len() + 1)).collect();
    ends.push(letters.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter().map(|end| letters[std::mem::replace(&mut start, end)..end].iter().collect()).collect()
}

fn frame(kind: &str, payload: &Value) -> Vec<u8> {
    encode(&[(":message-type", "event"), (":event-type", kind)], payload.to_string().as_bytes())
}

fn text(words: &str) -> Vec<u8> {
    frame("assistantResponseEvent", &json!({"content": words, "modelId": "m"}))
}

fn tool(id: &str, input: &str, stop: bool) -> Vec<u8> {
    frame("toolUseEvent", &json!({"toolUseId": id, "name": "Read", "input": input, "stop": stop}))
}

/// All events, those of the end included.
fn read(back: WayBack, frames: &[Vec<u8>]) -> Result<Vec<Event>, Error> {
    let mut reader = AmazonQReader::new(Some("r-1"), back);
    let mut events = Vec::new();
    for frame in frames {
        reader.push(Bytes::copy_from_slice(frame));
        while let Some(chunk) = reader.next()? {
            events.extend(chunk.events);
        }
    }
    events.extend(reader.finish()?.into_iter().flat_map(|chunk| chunk.events));
    Ok(events)
}

fn answer(back: WayBack, frames: &[Vec<u8>]) -> Answer {
    let mut collector = Collector::new();
    read(back, frames).expect("a good answer").into_iter().for_each(|event| collector.push(event));
    collector.finish()
}

/// Each block in a few letters.
fn blocks(answer: &Answer) -> Vec<String> {
    let block = |content: &Content| match content {
        Content::Text { text } => format!("text {text}"),
        Content::Thinking { text, signature } => {
            format!("thought {text}/{}", signature.as_deref().unwrap_or("-"))
        }
        Content::RedactedThinking { data } => format!("redacted {data}"),
        Content::ToolUse { id, name, input } => format!("{name} {id} {input}"),
        other => panic!("{other:?}"),
    };
    answer.content.iter().map(|given| block(&given.content)).collect()
}

fn plain(frames: &[Vec<u8>]) -> (Vec<String>, Option<StopReason>) {
    let answer = answer(WayBack::default(), frames);
    (blocks(&answer), answer.stop)
}

#[test]
fn the_start_tells_id_and_model_once() {
    let frames = [frame("initial-response", &json!({"conversationId": "c"})), text(""), text("a"), text("b")];
    let events = read(WayBack::default(), &frames).expect("good");
    let start = Event::Start { id: Some("msg_r1".into()), model: Some("m".into()) };
    assert_eq!(events[0], start);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Start { .. })).count(), 1);
    let mut reader = AmazonQReader::new(None, WayBack::default());
    reader.push(frame("messageMetadataEvent", &json!({"utteranceId": "u-2"})).into());
    reader.push(text("a").into());
    let chunk = reader.next().expect("good").expect("a chunk");
    assert!(matches!(&chunk.events[0], Event::Start { id: Some(id), .. } if id == "msg_u2"));
}

#[test]
fn the_start_guesses_the_input_until_it_is_told() {
    let back = WayBack { input_estimate: 70, ..WayBack::default() };
    let told = json!({"tokenUsage": {"uncachedInputTokens": 50, "outputTokens": 2, "totalTokens": 52}});
    let events = read(back, &[text("a"), frame("metadataEvent", &told)]).expect("good");
    let guess = Usage { input: Some(70), estimated: true, ..Usage::default() };
    assert_eq!(events[1], Event::Usage(guess));
    let mut usage = Usage::default();
    for event in &events {
        if let Event::Usage(more) = event {
            usage.merge(more);
        }
    }
    assert_eq!(usage, Usage { input: Some(50), output: Some(2), ..Usage::default() });
}

#[test]
fn a_call_is_told_only_when_it_is_complete() {
    let mut reader = AmazonQReader::new(None, WayBack::default());
    reader.push(tool("t", "{\"a\":", false).into());
    assert!(reader.next().expect("good").is_none());
    reader.push(tool("t", "1}", true).into());
    let events = reader.next().expect("good").expect("a chunk").events;
    let block = Opening::ToolUse { id: "t".into(), name: "Read".into() };
    assert_eq!(
        events[1..],
        [
            Event::BlockStart { index: 0, block },
            Event::ToolInputDelta { index: 0, json: "{\"a\":1}".into() },
            Event::BlockEnd { index: 0 },
        ]
    );
}

#[test]
fn calls_keep_their_order_and_what_comes_between() {
    let frames = [
        text("x"),
        tool("a", "{\"n\":", false),
        tool("b", "", false),
        text("y"),
        tool("b", "", true),
        tool("a", "1}", true),
        tool("b", "", true),
        text("z"),
    ];
    let expected = ["text x", "Read a {\"n\":1}", "Read b {}", "text yz"];
    assert_eq!(plain(&frames), (expected.map(str::to_owned).to_vec(), Some(StopReason::ToolUse)));
}

#[test]
fn fragments_may_be_as_bare_as_they_like() {
    let bare = |payload| frame("toolUseEvent", &payload);
    let frames = [
        bare(json!({"toolUseId": "a", "name": "Read"})),
        bare(json!({"input": "{}", "stop": null})),
        bare(json!({"stop": true})),
        bare(json!({"toolUseId": "b", "name": "Read", "input": {"n": 1}, "stop": true})),
        bare(json!({"input": "{}", "stop": true})),
        bare(json!({"toolUseId": "c", "input": null, "stop": false})),
        bare(json!({"toolUseId": "c", "name": "Late", "stop": true})),
    ];
    assert_eq!(plain(&frames).0, ["Read a {}", "Read b {\"n\":1}", "Late c {}"]);
}

#[test]
fn a_broken_call_is_left_out() {
    for broken in [
        tool("t", "{\"a\":", true),
        tool("t", "[1]", true),
        tool("t", "{} {}", true),
        tool("t", "{\"a\":1}", false),
        frame("toolUseEvent", &json!({"toolUseId": "t", "stop": true})),
    ] {
        let alone = read(WayBack::default(), std::slice::from_ref(&broken)).expect_err("nothing to show");
        assert_eq!(alone.category, Category::Upstream);
        let (said, stop) = plain(&[text("x"), broken.clone(), text("y")]);
        assert_eq!((said, stop), (vec!["text xy".to_owned()], Some(StopReason::MaxTokens)));
        let (said, stop) = plain(&[tool("ok", "", true), broken]);
        assert_eq!((said, stop), (vec!["Read ok {}".to_owned()], Some(StopReason::ToolUse)));
    }
}

#[test]
fn thoughts_have_blocks_of_their_own() {
    let think = |payload| frame("reasoningContentEvent", &payload);
    let frames = [
        think(json!({"text": "a"})),
        frame("reasoningEvent", &json!({"content": "b"})),
        think(json!({"signature": "s1"})),
        think(json!({"text": "c", "signature": "s2"})),
        think(json!({"redactedContent": "r"})),
        think(json!({"signature": "s3"})),
        think(json!({})),
        text("d"),
    ];
    let expected = ["thought ab/s1", "thought c/s2", "redacted r", "thought /s3", "text d"];
    assert_eq!(plain(&frames).0, expected);
}

#[test]
fn thoughts_between_tags_are_told_from_the_text() {
    let back = || WayBack { tagged_thinking: true, stop: vec!["STOP".into()], ..WayBack::default() };
    let frames = [text("<think>a STOP"), text("</think>\n\nb ST"), text("OP c")];
    let said = answer(back(), &frames);
    assert_eq!(blocks(&said), ["thought a STOP/-", "text b "]);
    assert_eq!((said.stop, said.stop_sequence.as_deref()), (Some(StopReason::StopSequence), Some("STOP")));
    let untagged = answer(WayBack { tagged_thinking: false, ..back() }, &frames);
    assert_eq!(blocks(&untagged), ["text <think>a "]);
    let called = answer(back(), &[text("<think>a</think>"), tool("t", "", true), text("b")]);
    assert_eq!(blocks(&called), ["thought a/-", "Read t {}", "text b"]);
}

#[test]
fn a_stop_sequence_ends_the_answer_at_once() {
    let mut reader = AmazonQReader::new(None, WayBack { stop: vec!["END".into()], ..WayBack::default() });
    reader.push([text("a E"), text("ND b"), text("c"), vec![0; 20]].concat().into());
    let said: Vec<Event> =
        std::iter::from_fn(|| reader.next().expect("good")).flat_map(|chunk| chunk.events).collect();
    assert!(said.contains(&Event::TextDelta { index: 0, text: "a ".into() }) && said.len() == 3, "{said:?}");
    assert!(reader.is_done());
    let last = reader.finish().expect("the body may end anywhere").expect("a chunk").events;
    let stop = Event::Stop { reason: StopReason::StopSequence, sequence: Some("END".into()) };
    assert_eq!(last.last(), Some(&stop));
}

#[test]
fn what_only_looks_like_a_stop_sequence_is_said() {
    let back = || WayBack { stop: vec!["END".into()], ..WayBack::default() };
    let said = answer(back(), &[text("a EN"), tool("t", "", true), text("D E")]);
    assert_eq!(blocks(&said), ["text a EN", "Read t {}", "text D E"]);
    let hit = answer(back(), &[tool("t", "", true), text("END")]);
    assert_eq!(hit.stop, Some(StopReason::ToolUse), "a client must run the tool");
}

#[test]
fn the_limit_is_kept_by_estimate() {
    let back = |most| WayBack { max_tokens: Some(most), tagged_thinking: true, ..WayBack::default() };
    let said = answer(back(2), &[text("abcdefgh"), text("i")]);
    assert_eq!((blocks(&said), said.stop), (vec!["text abcdefg".into()], Some(StopReason::MaxTokens)));
    assert_eq!(said.usage.output, Some(2));
    let exact = answer(back(2), &[text("abcdefg")]);
    assert_eq!(exact.stop, Some(StopReason::EndTurn));
    let thought = answer(back(1), &[text("<think>abcdefgh</think>\n\nb")]);
    assert_eq!((blocks(&thought), thought.stop), (vec!["thought abc/-".into()], Some(StopReason::MaxTokens)));
    let called = answer(back(1), &[tool("t", "{\"long\":1}", true), text("a")]);
    assert_eq!(
        (blocks(&called), called.stop),
        (vec!["Read t {\"long\":1}".into()], Some(StopReason::ToolUse))
    );
}

#[test]
fn numbers_and_the_reason_come_in_any_order() {
    let events = [
        frame("contextUsageEvent", &json!({"contextUsagePercentage": 0.5})),
        frame("metadataEvent", &json!({"stopReason": "MAX_TOKENS"})),
        frame("meteringEvent", &json!({"usage": 0.25, "unit": "credit"})),
    ];
    let back = || WayBack { context: 1000, input_estimate: 9, ..WayBack::default() };
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let mut frames: Vec<Vec<u8>> = order.iter().map(|at| events[*at].clone()).collect();
        frames.insert(1, text("abc"));
        let said = answer(back(), &frames);
        assert_eq!(said.stop, Some(StopReason::MaxTokens));
        let usage = Usage {
            input: Some(4),
            output: Some(1),
            credits: Some(0.25),
            estimated: true,
            ..Usage::default()
        };
        assert_eq!(said.usage, usage);
    }
    assert_eq!(answer(back(), &[text("abc")]).usage.input, Some(9));
}

#[test]
fn what_the_request_changed_is_turned_back() {
    let names = ToolNames::new(["a b"], NameRule::Kiro);
    let wire = names.to_wire("a b").into_owned();
    let undo = Undo { names, ..Undo::default() };
    let call = frame("toolUseEvent", &json!({"toolUseId": "t", "name": wire, "stop": true}));
    assert_eq!(blocks(&answer(WayBack { undo, ..WayBack::default() }, &[call])), ["a b t {}"]);

    let undo = Undo { answer_tool: true, ..Undo::default() };
    let call = json!({"toolUseId": "t", "name": ANSWER_TOOL, "input": "{\"a\":1}", "stop": true});
    let said = answer(WayBack { undo, ..WayBack::default() }, &[text("So:"), frame("toolUseEvent", &call)]);
    assert_eq!((blocks(&said), said.stop), (vec!["text {\"a\":1}".into()], Some(StopReason::EndTurn)));

    let undo = Undo { fence: true, ..Undo::default() };
    let frames = [text("```json\n{"), text("}\n``"), text("`")];
    assert_eq!(blocks(&answer(WayBack { undo, ..WayBack::default() }, &frames)), ["text {}"]);
}

#[test]
fn what_nobody_needs_is_left_out() {
    let mut frames = vec![text("a")];
    for kind in [
        "codeReferenceEvent",
        "supplementaryWebLinksEvent",
        "citationEvent",
        "documentCitationEvent",
        "followupPromptEvent",
        "toolResultEvent",
        "codeEvent",
        "dryRunSucceedEvent",
        "neverHeardOfEvent",
    ] {
        frames.push(encode(&[(":message-type", "event"), (":event-type", kind)], b"{\"content\":\"x\"}"));
        frames.push(encode(&[(":message-type", "event"), (":event-type", kind)], b""));
    }
    for told in ["metadataEvent", "meteringEvent", "contextUsageEvent", "messageMetadataEvent"] {
        frames.push(encode(&[(":message-type", "event"), (":event-type", told)], b"no JSON"));
    }
    frames.push(encode(&[], b"{}"));
    assert_eq!(plain(&frames), (vec!["text a".to_owned()], Some(StopReason::EndTurn)));
}

#[test]
fn failures_are_told_apart() {
    let fails = |frames: &[Vec<u8>]| read(WayBack::default(), frames).expect_err("a failure");
    assert_eq!(fails(&[]).category, Category::Upstream);
    let mut half = text("a");
    half.truncate(40);
    assert_eq!(fails(&[text("a"), half]).category, Category::Truncated);
    let mut damaged = text("a");
    damaged[30] ^= 1;
    assert_eq!(fails(&[damaged]).category, Category::Upstream);
    let unreadable = encode(&[(":message-type", "event"), (":event-type", "assistantResponseEvent")], b"[");
    assert_eq!(fails(&[unreadable]).category, Category::Upstream);
    let model = json!({"message": "Gone.", "recommendedModel": "other"});
    for kind in ["modelUnavailableEvent", "modelTemporarilyUnavailableEvent"] {
        let error = fails(&[frame(kind, &model)]);
        assert_eq!(error.category, Category::Overloaded);
        assert_eq!(error.message, "Gone. The provider recommends other.");
    }
    let state = json!({"reason": "INVALID_TASK_ASSIST_PLAN", "message": "No plan."});
    assert_eq!(fails(&[text("a"), frame("invalidStateEvent", &state)]).category, Category::Upstream);
    let window = frame("metadataEvent", &json!({"stopReason": "model_context_window_exceeded"}));
    let error = fails(std::slice::from_ref(&window));
    assert!(error.category == Category::ContextLength && error.message.starts_with("prompt is too long"));
    assert_eq!(plain(&[text("a"), window]).1, Some(StopReason::ContextWindow));
    let endless = "x".repeat(8 << 20);
    let error = fails(&(0..5).map(|_| tool("t", &endless, false)).collect::<Vec<_>>());
    assert_eq!(error.category, Category::Upstream);
}
