use llm::Collector;

use super::*;
use crate::NameRule;

const JSON: &str = r#"{"id":"msg_1","model":"c","role":"assistant","type":"message","new":1.0,
"content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"hi"},
{"type":"tool_use","id":"t","name":"NAME","input":{"a":1.50}},{"type":"brand_new","x":1}],
"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":2}}"#;

#[test]
fn a_whole_answer_is_read_as_far_as_needed() {
    let long = "x".repeat(80);
    let names = ToolNames::new([long.as_str()], NameRule::Bedrock);
    let sent = Bytes::from(JSON.replace("NAME", &names.to_wire(&long)));
    let whole = read_whole(sent.clone(), &names).expect("a message");
    assert_eq!(whole.json, Bytes::from(JSON.replace("NAME", &long)));
    assert_eq!((whole.usage.input, whole.usage.output), (Some(1), Some(2)));
    assert_eq!(whole.stop, Some(StopReason::ToolUse));
    assert_eq!(read_whole(sent.clone(), &ToolNames::default()).expect("a message").json, sent);

    let answer = read_answer(&sent, &names).expect("a message");
    assert_eq!(answer.content.len(), 4);
    assert!(matches!(&answer.content[2].content, Content::ToolUse { name, .. } if *name == long));
    // The answer is what its events add up to.
    let mut collector = Collector::new();
    llm::replay(&answer).into_iter().for_each(|event| collector.push(event));
    assert_eq!(collector.finish(), answer);
}

#[test]
fn citations_stay_with_their_block() {
    let json = r#"{"content":[{"type":"text","text":"a","citations":null},
        {"type":"text","text":"b","citations":[{"type":"char_location","start_char_index":1}]}]}"#;
    let answer = read_answer(&Bytes::from(json), &ToolNames::default()).expect("a message");
    let cited = serde_json::json!({"type": "char_location", "start_char_index": 1});
    assert_eq!(answer.citations, [(1, cited)]);
}

#[test]
fn what_is_no_message_is_an_error() {
    for text in ["", "[]", r#"{"content":7}"#] {
        let error = read_answer(&Bytes::from(text), &ToolNames::default()).expect_err(text);
        assert_eq!(error.category, Category::Upstream);
    }
    let error = Bytes::from(r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}"#);
    assert_eq!(
        read_whole(error, &ToolNames::default()).expect_err("an error").category,
        Category::RateLimited
    );
}
