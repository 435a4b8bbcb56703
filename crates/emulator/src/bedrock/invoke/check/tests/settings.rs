use serde_json::{Value, json};

use super::*;

#[test]
fn limits_of_answers_are_checked() {
    refuses(SONNET_4_5, body(json!({ "max_tokens": null })), "max_tokens: Field required");
    refuses(
        SONNET_4_5,
        body(json!({ "max_tokens": 0 })),
        "max_tokens: Input should be greater than or equal to 1",
    );
    refuses(
        SONNET_4_5,
        body(json!({ "max_tokens": 999_999 })),
        "max_tokens: 999999 > 64000, which is the maximum allowed number of output tokens",
    );
    refuses(SONNET_4_5, body(json!({ "temperature": 1.5 })), "temperature: range: 0..1");
    refuses(
        SONNET_4_5,
        body(json!({ "temperature": 0.5, "top_p": 0.5 })),
        "`temperature` and `top_p` cannot both",
    );
    refuses(OPUS_4_8, body(json!({ "temperature": 0.5 })), "`temperature` is deprecated for this model.");
    accepts(OPUS_4_1, body(json!({ "temperature": 0.5, "top_p": 0.5, "top_k": 5 })));
    refuses(
        SONNET_4_5,
        body(json!({ "stop_sequences": [" "] })),
        "stop_sequences: each stop sequence must contain non-whitespace",
    );
}

#[test]
fn thinking_follows_the_model() {
    let thinking = |thinking: Value| body(json!({ "thinking": thinking }));
    let enabled = json!({ "type": "enabled", "budget_tokens": 1024 });
    accepts(SONNET_4_5, thinking(enabled.clone()));
    refuses(
        OPUS_4_8,
        thinking(enabled.clone()),
        "\"thinking.type.enabled\" is not supported for this model.",
    );
    refuses(
        SONNET_4_5,
        thinking(json!({ "type": "adaptive" })),
        "adaptive thinking is not supported on this model",
    );
    accepts(OPUS_4_8, thinking(json!({ "type": "adaptive", "display": "omitted" })));
    refuses(
        OPUS_5_5,
        thinking(json!({ "type": "disabled" })),
        "thinking.type must be \"enabled\" or \"adaptive\"",
    );
    refuses(
        SONNET_4_5,
        thinking(json!({ "type": "enabled", "budget_tokens": 500 })),
        "thinking.enabled.budget_tokens: Input should be greater",
    );
    refuses(
        SONNET_4_5,
        thinking(json!({ "type": "enabled", "budget_tokens": 2048 })),
        "`max_tokens` must be greater than `thinking.budget_tokens`",
    );
    refuses(
        OPUS_4_8,
        thinking(json!({ "type": "adaptive", "block_binding": true })),
        "thinking.adaptive.block_binding: Extra inputs",
    );
    refuses(
        SONNET_4_5,
        body(json!({ "thinking": enabled, "temperature": 0.5 })),
        "`temperature` may only be set to 1 when thinking",
    );
    refuses(
        SONNET_4_5,
        body(json!({ "thinking": enabled, "top_k": 5 })),
        "`top_k` must be unset when thinking",
    );
    refuses(
        SONNET_4_5,
        body(json!({ "thinking": enabled, "top_p": 0.5 })),
        "`top_p` must be greater than or equal to 0.95",
    );
    let forced = json!({ "thinking": enabled, "tools": [tool()], "tool_choice": { "type": "any" } });
    refuses(SONNET_4_5, body(forced), "Thinking may not be enabled when tool_choice forces tool use.");

    let continued = |first: Value| json!({ "thinking": enabled, "tools": [tool()], "messages": called(first, json!([result()])) });
    let thought = json!({ "type": "thinking", "thinking": "hm", "signature": "EqkBCkYI" });
    refuses(
        SONNET_4_5,
        body(continued(json!([call()]))),
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.",
    );
    accepts(SONNET_4_5, body(continued(json!([thought, call()]))));
    refuses(
        SONNET_4_5,
        body(continued(json!([{ "type": "thinking", "thinking": "hm" }, call()]))),
        "messages.1.content.0.thinking.signature: Field required",
    );
    refuses(
        SONNET_4_5,
        body(continued(json!([{ "type": "thinking", "thinking": "hm", "signature": "own.mark" }, call()]))),
        "messages.1.content.0: Invalid `signature` in `thinking` block",
    );
}

#[test]
fn effort_and_format_follow_the_model() {
    let config = |config: Value| body(json!({ "output_config": config }));
    refuses(
        SONNET_4_5,
        config(json!({ "effort": "high" })),
        "output_config.effort: Extra inputs are not permitted",
    );
    accepts(OPUS_4_8, config(json!({ "effort": "xhigh" })));
    refuses(
        "us.anthropic.claude-opus-4-6-v1",
        config(json!({ "effort": "xhigh" })),
        "This model does not support effort level 'xhigh'.",
    );
    refuses(
        "us.anthropic.claude-opus-4-5-20251101-v1:0",
        config(json!({ "effort": "low" })),
        "output_config.effort: Extra",
    );
    let format = |schema: Value| json!({ "format": { "type": "json_schema", "schema": schema } });
    let closed = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    refuses(OPUS_4_8, config(format(closed.clone())), "output_config.format: Extra inputs are not permitted");
    accepts(SONNET_4_5, config(format(closed)));
    refuses(
        SONNET_4_5,
        config(format(json!({ "type": "object" }))),
        "output_config.format.schema: For 'object' type, 'additionalProperties'",
    );
    refuses(
        SONNET_4_5,
        config(format(json!({ "type": "integer", "minimum": 1 }))),
        "output_config.format.schema: For 'integer' type, property 'minimum'",
    );
}
