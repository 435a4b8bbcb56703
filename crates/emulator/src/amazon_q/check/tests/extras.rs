//! Images, documents, thoughts, and the fields that models advertise.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::*;
use crate::dice::Dice;

const INVALID: &str = "REQUEST_BODY_INVALID";

fn image(format: &str, bytes: &str) -> Value {
    json!({ "format": format, "source": { "bytes": bytes } })
}

fn shows(images: Value) -> impl FnOnce(&mut Value) {
    move |body| current(body)["images"] = images
}

#[test]
fn images_are_what_they_say() {
    accepts(shows(json!([image("png", PNG)])));
    accepts(shows(json!([image("jpeg", "/9j/4A==")])));
    accepts(|body| history(body)[0]["userInputMessage"]["images"] = json!([image("gif", "R0lGODlh")]));
    refuses(shows(json!([image("jpeg", PNG)])), "IMAGE_MIME_MISMATCH", "an image called jpeg is png");
    refuses(shows(json!([image("bmp", PNG)])), "IMAGE_FORMAT_UNSUPPORTED", "bmp");
    refuses(
        shows(json!([image("png", "data:image/png;base64,iVBORw0KGgo=")])),
        INVALID,
        "source.bytes is no base64",
    );
    refuses(shows(json!([image("png", "")])), INVALID, "source.bytes is no base64");
    let mut large = b"\x89PNG".to_vec();
    large.resize(10 * 1024 * 1024 + 1, 0);
    refuses(shows(json!([image("png", &BASE64_STANDARD.encode(large))])), "IMAGE_SIZE_EXCEEDED", "bytes");
    refuses(shows(json!(vec![image("png", PNG); 21])), "IMAGE_COUNT_EXCEEDED", "more than 20");
    refuses(
        |body| {
            current(body)["modelId"] = json!("glm-5");
            current(body)["images"] = json!([image("png", PNG)]);
        },
        INVALID,
        "glm-5 reads no images",
    );
}

#[test]
fn documents_have_names_and_formats() {
    let brings = |documents: Value| move |body: &mut Value| current(body)["documents"] = documents;
    let document =
        |name: &str, format: &str| json!({ "name": name, "format": format, "source": { "bytes": "aGk=" } });
    accepts(brings(json!([document("a", "txt"), document("b", "md")])));
    refuses(brings(json!([document("a", "rs")])), INVALID, "format");
    refuses(brings(json!([document("", "txt")])), INVALID, "without a name");
    refuses(
        brings(json!([document("a", "txt"), document("a", "md")])),
        "DOCUMENT_DUPLICATE_NAME",
        "two documents",
    );
}

#[test]
fn thoughts_come_back_in_their_form() {
    let thinks = |model: &'static str, reasoning: Value| {
        move |body: &mut Value| {
            current(body)["modelId"] = json!(model);
            history(body)[1]["assistantResponseMessage"]["reasoningContent"] = reasoning;
        }
    };
    let opus = "claude-opus-4.8";
    let signature = "THINKING_SIGNATURE_INVALID";
    let good = signature::of(opus, "hm");
    accepts(thinks(opus, json!({ "reasoningText": { "text": "hm", "signature": good } })));
    refuses(
        thinks(opus, json!({ "reasoningText": { "text": "hm!", "signature": good } })),
        signature,
        "another text or model",
    );
    refuses(
        thinks(opus, json!({ "reasoningText": { "text": "hm", "signature": "no base64" } })),
        signature,
        "another text or model",
    );
    refuses(thinks(opus, json!({ "reasoningText": { "text": "hm" } })), signature, "without a signature");
    refuses(thinks(opus, json!({ "text": "hm", "signature": good })), INVALID, "reasoningContent is");
    let opaque = signature::opaque("gpt-5.6-sol", &mut Dice::new(1));
    refuses(thinks(opus, json!({ "redactedContent": opaque })), signature, "another model");
    accepts(thinks("gpt-5.6-sol", json!({ "redactedContent": opaque })));
    accepts(thinks(opus, json!({ "redactedContent": "aGk=" })));
    refuses(thinks("gpt-5.6-sol", json!({ "redactedContent": "hi!" })), INVALID, "no base64");
}

#[test]
fn fields_are_those_that_the_model_advertises() {
    let asks = |model: &'static str, fields: Value| {
        move |body: &mut Value| {
            current(body)["modelId"] = json!(model);
            body["additionalModelRequestFields"] = fields;
        }
    };
    let opus = "claude-opus-4.8";
    let thinking = json!({
        "thinking": { "type": "adaptive", "display": "summarized" },
        "output_config": { "effort": "xhigh" },
        "max_tokens": 32000,
    });
    accepts(asks(opus, thinking.clone()));
    accepts(asks("claude-sonnet-4.5", json!({})));
    accepts(asks("gpt-5.6-sol", json!({ "reasoning": { "effort": "none" } })));
    refuses(asks("claude-sonnet-4.5", thinking.clone()), "", "takes no fields");
    refuses(asks("gpt-5.6-sol", thinking.clone()), INVALID, "not in the model's schema");
    refuses(asks("claude-sonnet-4.6", thinking), INVALID, "effort is");
    refuses(asks(opus, json!({ "temperature": 0.5 })), INVALID, "temperature is not in");
    refuses(asks(opus, json!({ "max_tokens": 1000 })), INVALID, "max_tokens is 1000");
    refuses(asks(opus, json!({ "max_tokens": 128_001 })), INVALID, "max_tokens is 128001");
    refuses(asks(opus, json!({ "thinking": { "type": "enabled" } })), INVALID, "type is");
    refuses(asks("claude-opus-5.5", json!({ "thinking": { "type": "disabled" } })), INVALID, "type is");
}

#[test]
fn the_advertised_schemas_judge_alike() {
    for model in model::all() {
        let Some(schema) = model.schema() else { continue };
        let validator = jsonschema::validator_for(&schema).unwrap();
        for fields in [
            json!({ "max_tokens": 1024 }),
            json!({ "max_tokens": 900 }),
            json!({ "thinking": { "type": "adaptive" } }),
            json!({ "thinking": { "type": "disabled" } }),
            json!({ "output_config": { "effort": "xhigh" } }),
            json!({ "reasoning": { "effort": "max" } }),
            json!({ "reasoning": { "effort": "huge" } }),
        ] {
            let mut body = good();
            current(&mut body)["modelId"] = json!(model.id);
            body["additionalModelRequestFields"] = fields.clone();
            let closed = schema["additionalProperties"] == false
                || model.fields == model::Fields::Gpt && fields["reasoning"].is_object();
            if closed {
                assert_eq!(judged(&body).is_ok(), validator.is_valid(&fields), "{} {fields}", model.id);
            }
        }
    }
}
