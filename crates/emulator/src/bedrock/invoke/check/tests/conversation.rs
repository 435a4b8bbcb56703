use serde_json::{Value, json};

use super::*;

#[test]
fn roles_are_checked() {
    let messages = |messages: Value| body(json!({ "messages": messages }));
    let user = json!({ "role": "user", "content": "hi" });
    let assistant = |text: &str| json!({ "role": "assistant", "content": text });
    refuses(SONNET_4_5, body(json!({ "messages": null })), "messages: Field required");
    refuses(SONNET_4_5, messages(json!([])), "messages: at least one message is required");
    refuses(
        SONNET_4_5,
        messages(json!([assistant("x"), user])),
        "messages: first message must use the \"user\" role",
    );
    let system = json!({ "role": "system", "content": "plan mode" });
    refuses(SONNET_4_5, messages(json!([user, system])), "messages: Unexpected role \"system\".");
    accepts(OPUS_4_8, messages(json!([user, system])));
    refuses(
        SONNET_4_5,
        messages(json!([user, { "role": "tool", "content": "x" }])),
        "messages: Unexpected role \"tool\".",
    );
    accepts(SONNET_4_5, messages(json!([user, assistant("The")])));
    refuses(
        SONNET_4_5,
        messages(json!([user, assistant("The ")])),
        "messages: final assistant content cannot end with trailing whitespace",
    );
    refuses(
        OPUS_4_8,
        messages(json!([user, assistant("The")])),
        "This model does not support assistant message prefill.",
    );
    refuses(
        OPUS_4_8,
        messages(json!([{ "role": "user", "content": "hi", "output_config": { "effort": "low" } }])),
        "messages.0.output_config: Extra inputs are not permitted",
    );
    refuses(
        SONNET_4_5,
        messages(json!([{ "role": "user", "content": [] }])),
        "messages.0: all messages must have non-empty content",
    );
    refuses(
        SONNET_4_5,
        messages(json!([{ "role": "user", "content": "hi", "name": "x" }])),
        "messages.0.name: Extra inputs are not permitted",
    );
}

#[test]
fn blocks_are_checked() {
    refuses(
        SONNET_4_5,
        said(json!([{ "type": "text", "text": "" }])),
        "messages: text content blocks must be non-empty",
    );
    refuses(
        SONNET_4_5,
        said(json!([{ "type": "text", "text": "x", "citations": null }])),
        "messages.0.content.0.text.citations: Extra inputs are not permitted",
    );
    refuses(
        SONNET_4_5,
        said(json!([{ "type": "video" }])),
        "messages.0.content.0: Input tag 'video' found using 'type'",
    );
    let image = |source: Value| said(json!([{ "type": "image", "source": source }]));
    accepts(SONNET_4_5, image(json!({ "type": "base64", "media_type": "image/png", "data": PNG })));
    refuses(
        SONNET_4_5,
        image(json!({ "type": "url", "url": "https://example.com/a.png" })),
        "messages.0.content.0.image.source: Input tag 'url'",
    );
    refuses(
        SONNET_4_5,
        image(json!({ "type": "base64", "media_type": "image/jpeg", "data": PNG })),
        "messages.0.content.0.image.source.base64: The image was specified using the image/jpeg media type, but the image appears to be a image/png image",
    );
    refuses(
        SONNET_4_5,
        image(json!({ "type": "base64", "media_type": "image/png", "data": "!" })),
        "messages.0.content.0.image.source.base64: invalid base64 data",
    );
    refuses(
        SONNET_4_5,
        image(json!({ "type": "base64", "media_type": "image/png", "data": "AAAA" })),
        "Could not process image",
    );
    refuses(
        SONNET_4_5,
        image(json!({ "type": "base64", "media_type": "image/tiff", "data": PNG })),
        "messages.0.content.0.image.source.base64.media_type: Input should be",
    );
}

#[test]
fn calls_and_results_belong_together() {
    let talk = |assistant: Value, user: Value| body(json!({ "messages": called(assistant, user) }));
    refuses(
        SONNET_4_5,
        talk(json!([call()]), json!("thanks")),
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1.",
    );
    refuses(
        SONNET_4_5,
        talk(json!([call()]), json!([{ "type": "text", "text": "so:" }, result()])),
        "messages.1: `tool_use` ids were found without",
    );
    accepts(SONNET_4_5, talk(json!([call()]), json!([result(), { "type": "text", "text": "so" }])));
    refuses(
        SONNET_4_5,
        talk(json!("ok"), json!([result()])),
        "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1.",
    );
    refuses(
        SONNET_4_5,
        talk(json!([call()]), json!([result(), result()])),
        "messages.2.content.1: each tool_use must have a single result.",
    );
    refuses(
        SONNET_4_5,
        talk(json!([call(), call()]), json!([result()])),
        "messages: `tool_use` ids must be unique",
    );
    let odd = |members: Value| {
        let mut call = call();
        call.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        talk(json!([call]), json!([result()]))
    };
    refuses(
        SONNET_4_5,
        odd(json!({ "input": null })),
        "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
    );
    refuses(
        SONNET_4_5,
        odd(json!({ "input": "{}" })),
        "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
    );
    refuses(
        SONNET_4_5,
        odd(json!({ "caller": { "type": "direct" } })),
        "messages.1.content.0.tool_use.caller: Extra inputs are not permitted",
    );
    refuses(
        SONNET_4_5,
        odd(json!({ "id": "a:b" })),
        "messages.1.content.0.tool_use.id: String should match pattern",
    );
}

#[test]
fn cache_markers_are_checked() {
    let marked = |marks: &[Value]| {
        let blocks = marks.iter().map(|mark| json!({ "type": "text", "text": "x", "cache_control": mark }));
        said(blocks.collect())
    };
    let (short, long) = (json!({ "type": "ephemeral" }), json!({ "type": "ephemeral", "ttl": "1h" }));
    accepts(SONNET_4_5, marked(&[long.clone(), short.clone(), short.clone(), short.clone()]));
    refuses(
        SONNET_4_5,
        marked(&vec![short.clone(); 5]),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    );
    refuses(
        SONNET_4_5,
        marked(&[short, long.clone()]),
        "messages.0.content.1.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m'",
    );
    refuses(
        OPUS_4_1,
        marked(&[long]),
        "messages.0.content.0.cache_control.ephemeral.ttl: Extra inputs are not permitted",
    );
    refuses(
        SONNET_4_5,
        marked(&[json!({ "type": "ephemeral", "scope": "global" })]),
        "messages.0.content.0.cache_control.ephemeral.scope: Extra inputs are not permitted",
    );
}
