use llm::Wire;

use super::*;

fn body(text: &str) -> RawBody {
    RawBody::parse(Wire::AnthropicMessages, &Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn text(body: &RawBody) -> String {
    String::from_utf8(body.to_payload().to_bytes().to_vec()).unwrap()
}

fn refusal(words: &str) -> Error {
    Error::invalid(words)
}

/// Applies every lesson of a refusal; the body afterwards.
fn healed(before: &str, words: &str) -> String {
    let mut body = body(before);
    for lesson in lessons(&refusal(words)) {
        assert!(take_out(&mut body, &lesson), "{lesson:?}");
    }
    text(&body)
}

#[test]
fn a_refused_member_is_cut_out_and_nothing_else_changes() {
    for (before, words, after) in [
        (
            r#"{"max_tokens":1,"context_management":{"edits":[]}}"#,
            "context_management: Extra inputs are not permitted",
            r#"{"max_tokens":1}"#,
        ),
        (
            r#"{"tools":[ {"name":"a", "eager" : true ,"input_schema":{"x": 1.50}},{"name":"b"},{ "eager":false }]}"#,
            "tools.0.custom.eager: Extra inputs are not permitted",
            r#"{"tools":[ {"name":"a", "input_schema":{"x": 1.50}},{"name":"b"},{  }]}"#,
        ),
        (
            r#"{"tools":[{"type":"custom","custom":{"defer":true,"x":1}}]}"#,
            "tools.0.custom.defer: Extra inputs are not permitted",
            r#"{"tools":[{"type":"custom","custom":{"x":1}}]}"#,
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"citations","citations":null}]},{"role":"assistant","content":"x"}]}"#,
            "messages.0.content.0.text.citations: Extra inputs are not permitted",
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"citations"}]},{"role":"assistant","content":"x"}]}"#,
        ),
        (
            r#"{"thinking":{"type":"adaptive","block_binding":{"a":[1]},"display":"x"}}"#,
            "ValidationException: thinking.adaptive.block_binding: Extra inputs are not permitted",
            r#"{"thinking":{"type":"adaptive","display":"x"}}"#,
        ),
        (
            r#"{"a":{"x":1,"y":2},"b":{"x":1}}"#,
            "a.x: Extra inputs are not permitted\nb.x: Extra inputs are not permitted, a.y: Extra inputs are not permitted",
            r#"{"a":{},"b":{}}"#,
        ),
    ] {
        assert_eq!(healed(before, words), after, "{words}");
    }
}

#[test]
fn what_is_not_there_is_not_taken_out() {
    for (before, words) in [
        (r#"{"tools":[{"name":"a"}]}"#, "tools.0.custom.eager: Extra inputs are not permitted"),
        (r#"{"tools":"text"}"#, "tools.0.x: Extra inputs are not permitted"),
        (r#"{"max_tokens":1}"#, "invalid beta flag"),
    ] {
        let mut body = body(before);
        for lesson in lessons(&refusal(words)) {
            assert!(!take_out(&mut body, &lesson), "{words}");
        }
        assert_eq!(text(&body), before);
    }
}

#[test]
fn a_member_whose_name_is_written_with_escapes_stays() {
    let before = r#"{"a":{"\u0078":1,"y":2}}"#;
    let mut body = body(before);
    let lesson = lessons(&refusal("a.x: Extra inputs are not permitted")).remove(0);
    assert!(!take_out(&mut body, &lesson));
    assert_eq!(text(&body), before);
}

#[test]
fn what_a_request_needs_is_never_refused_away() {
    for words in [
        "messages: Extra inputs are not permitted",
        "messages.0: Extra inputs are not permitted",
        "max_tokens: Extra inputs are not permitted",
        ": Extra inputs are not permitted",
        "0.1: Extra inputs are not permitted",
        "Something else entirely",
    ] {
        assert_eq!(lessons(&refusal(words)), [], "{words}");
    }
    let throttled = Error::new(Category::RateLimited, "invalid beta flag");
    assert_eq!(lessons(&throttled), []);
}

#[test]
fn known_complaints_teach() {
    for (words, lesson) in [
        ("invalid beta flag", Lesson::Betas),
        (r#"thinking.type must be "enabled" or "adaptive""#, Lesson::ThinkingOff),
        ("output_config.format: Extra inputs are not permitted", Lesson::Format),
        (
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be false",
            Lesson::Format,
        ),
        ("compilation exceeded limits: Schema is too complex.", Lesson::Format),
        ("This model doesn't support tool use in streaming mode.", Lesson::WholeAnswer),
        ("This model doesn't support the toolConfig.toolChoice.any field. Remove it.", Lesson::Forced),
        ("This model doesn't support tool use.", Lesson::Tools),
        ("The service tier flex is not supported for this model.", Lesson::Tier),
    ] {
        assert_eq!(lessons(&refusal(words)), [lesson], "{words}");
    }
    let bare_id = Error::new(Category::NeedsProfile, "with on-demand throughput");
    assert_eq!(lessons(&bare_id), [Lesson::Profile]);
}

#[test]
fn a_lesson_is_kept_for_its_model() {
    let memory = Memory::default();
    let sent = r#"{"anthropic_beta":["x-1"],"tools":[{"strict":true}],"thinking":{"type":"disabled"}}"#;
    let betas = body(sent).get("anthropic_beta").cloned();
    let member = lessons(&refusal("tools.0.strict: Extra inputs are not permitted")).remove(0);
    memory.learn("m", &Lesson::Betas, betas.as_ref());
    memory.learn("m", &member, None);
    memory.learn("m", &Lesson::ThinkingOff, None);
    assert!(memory.of("other").is_none());

    let learned = memory.of("m").unwrap();
    let mut next = body(sent);
    assert_eq!(
        learned.apply(&mut next),
        ["anthropic_beta:refused", "tools.*.strict:refused", "thinking:refused"]
    );
    assert_eq!(text(&next), r#"{"tools":[{}]}"#);

    let mut with_other_betas = body(r#"{"anthropic_beta":["y-2"]}"#);
    assert!(learned.apply(&mut with_other_betas).is_empty(), "another list of betas may be fine");
}

#[test]
fn the_memory_has_an_end() {
    let memory = Memory::default();
    for at in 0..2 * MOST_EACH {
        let words = format!("tools.0.x{at}: Extra inputs are not permitted");
        memory.learn("m", &lessons(&refusal(&words)).remove(0), None);
    }
    for at in 0..2 * MOST_MODELS {
        memory.no_count(&format!("m{at}"));
    }
    assert_eq!(memory.of("m").unwrap().members.len(), MOST_EACH);
    assert_eq!(memory.0.load().len(), MOST_MODELS);
}
