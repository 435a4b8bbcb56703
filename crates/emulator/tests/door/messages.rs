//! Anthropic's own API, on both hosts.

use emulator::{Operation, SANDBOX_BEARER_KEY};
use http::Method;
use serde_json::{Value, json};

use crate::caller::{Answer, Caller, Identity, emulator};

const OPUS: &str = "us.anthropic.claude-opus-4-8";
const BARE: &str = "anthropic.claude-opus-4-8";
const PATH: &str = "/anthropic/v1/messages";

fn asking(model: &str, more: Value) -> Value {
    let mut body =
        json!({ "model": model, "max_tokens": 1024, "messages": [{ "role": "user", "content": "hello" }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

impl Caller {
    fn runtime(&self) -> Self {
        Self { headers: vec![("anthropic-version", "2023-06-01".into())], ..self.clone() }
    }

    fn mantle(&self) -> Self {
        Self { service: "bedrock-mantle", ..self.runtime() }
    }

    fn with_betas(mut self, betas: &str) -> Self {
        self.headers.push(("anthropic-beta", betas.into()));
        self
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body.to_string().into()).await
    }
}

fn error(answer: &Answer) -> (u16, String, String) {
    let body = answer.json();
    assert_eq!(body["type"], "error", "{body}");
    let word = |name: &str| body["error"][name].as_str().unwrap().to_owned();
    (answer.status, word("type"), word("message"))
}

#[tokio::test]
async fn both_hosts_answer_whole_and_streamed() {
    let (emulator, caller) = emulator();
    for (caller, model, operation) in
        [(caller.runtime(), OPUS, Operation::Messages), (caller.mantle(), BARE, Operation::MantleMessages)]
    {
        let whole = caller.post(PATH, &asking(model, json!({}))).await;
        assert_eq!(whole.status, 200, "{}", whole.json());
        assert_eq!(whole.json()["content"][0]["text"], "echo: hello");
        assert_eq!(whole.json()["model"], "claude-opus-4-8");
        let streamed = caller.post(PATH, &asking(model, json!({ "stream": true }))).await;
        assert!(streamed.header("content-type").starts_with("text/event-stream"));
        let events = streamed.server_sent();
        let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types[..3], ["message_start", "ping", "content_block_start"]);
        assert_eq!(types[types.len() - 2..], ["message_delta", "message_stop"]);
        assert_eq!(events.last().unwrap(), &json!({ "type": "message_stop" }));
        let row = emulator.journal().requests().pop().unwrap();
        assert_eq!((row.operation, row.subject.as_str()), (Some(operation), model));
    }
}

#[tokio::test]
async fn each_host_has_ids_of_its_own() {
    let (_emulator, caller) = emulator();
    let old = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    let said =
        async |caller: &Caller, model: &str| error(&caller.post(PATH, &asking(model, json!({}))).await);
    let runtime = caller.runtime();
    assert_eq!(said(&runtime, BARE).await.1, "invalid_request_error");
    assert_eq!(said(&runtime, "nonsense").await.0, 400);
    assert_eq!(said(&runtime, old).await, (404, "not_found_error".into(), format!("model: {old}")));
    let mantle = caller.mantle();
    for model in [OPUS, "anthropic.claude-sonnet-4-6", "arn:aws:bedrock:us-east-1::x/y"] {
        assert_eq!(said(&mantle, model).await, (404, "not_found_error".into(), format!("model: {model}")));
    }
    let haiku = "anthropic.claude-haiku-4-5-20251001-v1:0";
    assert_eq!(mantle.post(PATH, &asking(haiku, json!({}))).await.status, 200);
}

#[tokio::test]
async fn heads_are_judged() {
    let (_emulator, caller) = emulator();
    let good = asking(OPUS, json!({}));
    let versionless = error(&caller.post(PATH, &good).await);
    assert_eq!(
        versionless,
        (400, "invalid_request_error".into(), "anthropic-version: header is required".into())
    );
    let newer = Caller { headers: vec![("anthropic-version", "2026-10-21".into())], ..caller.clone() };
    assert_eq!(newer.post(PATH, &good).await.status, 400);
    let mut guarded = caller.runtime();
    guarded.headers.push(("x-amzn-bedrock-guardrailidentifier", "g".into()));
    assert_eq!(guarded.post(PATH, &good).await.status, 400);

    let known = caller.runtime().with_betas("claude-code-20250219,mid-conversation-system-2026-04-07");
    assert_eq!(known.post(PATH, &good).await.status, 200);
    let unknown = caller.runtime().with_betas("effort-2025-11-24,fine-grained-tool-streaming-2025-05-14,x");
    let (status, _, words) = error(&unknown.post(PATH, &good).await);
    assert_eq!(status, 400);
    assert!(words.starts_with("Unexpected value(s) `fine-grained-tool-streaming-2025-05-14`, `x` for the `anthropic-beta` header."), "{words}");
    let there = caller.mantle().with_betas("fine-grained-tool-streaming-2025-05-14");
    assert_eq!(there.post(PATH, &asking(BARE, json!({}))).await.status, 200);
    let not_there = caller.mantle().with_betas("mid-conversation-system-2026-04-07");
    assert_eq!(not_there.post(PATH, &asking(BARE, json!({}))).await.status, 400);
}

#[tokio::test]
async fn bodies_are_judged() {
    let (_emulator, caller) = emulator();
    let runtime = caller.runtime();
    let format = json!({ "format": { "type": "json_schema", "schema": { "type": "object" } } });
    for (more, words) in [
        (
            json!({ "anthropic_version": "bedrock-2023-05-31" }),
            "anthropic_version: Extra inputs are not permitted",
        ),
        (json!({ "service_tier": "auto" }), "service_tier: Extra inputs are not permitted"),
        (json!({ "output_config": format }), "output_config.format: Extra inputs are not permitted"),
        (json!({ "temperature": 0.5 }), "`temperature` is deprecated for this model."),
        (json!({ "max_tokens": null }), "max_tokens: Field required"),
        (
            json!({ "metadata": { "user_id": "{\"device_id\":\"d\"}" } }),
            "Request metadata contains a value that violates the regular expression",
        ),
    ] {
        let said = error(&runtime.post(PATH, &asking(OPUS, more)).await);
        assert_eq!(said, (400, "invalid_request_error".into(), words.into()));
    }
}

#[tokio::test]
async fn callers_are_known_by_signature_or_key() {
    let (_emulator, caller) = emulator();
    let good = asking(BARE, json!({}));
    for identity in [Identity::Bears(SANDBOX_BEARER_KEY.into()), Identity::Shows(SANDBOX_BEARER_KEY.into())] {
        let keyed = Caller { identity, ..caller.runtime() };
        assert_eq!(keyed.post("/mantle/anthropic/v1/messages", &good).await.status, 200);
        assert_eq!(keyed.post(PATH, &asking(OPUS, json!({}))).await.status, 200);
    }
    // A signature for the other service does not count there.
    let refused = caller.runtime().post("/mantle/anthropic/v1/messages", &good).await;
    let (status, kind, words) = error(&refused);
    assert_eq!((status, kind.as_str()), (401, "authentication_error"));
    assert!(words.contains("'bedrock-mantle'"), "{words}");
    let stranger = Caller { identity: Identity::Bears("wrong".into()), ..caller.runtime() };
    assert_eq!(stranger.post(PATH, &asking(OPUS, json!({}))).await.code(), "AccessDeniedException");
}

#[tokio::test]
async fn tokens_are_counted_on_one_host_and_strictly() {
    let (_emulator, caller) = emulator();
    let path = "/anthropic/v1/messages/count_tokens";
    let body = json!({ "model": BARE, "messages": [{ "role": "user", "content": "hello" }] });
    let counted = caller.mantle().post(path, &body).await;
    assert!(counted.json()["input_tokens"].as_u64().unwrap() > 0);
    let (status, _, words) = error(&caller.mantle().post(path, &asking(BARE, json!({}))).await);
    assert_eq!((status, words.as_str()), (400, "max_tokens: Extra inputs are not permitted"));
    let trap = caller.runtime().post(path, &body).await;
    assert_eq!((trap.status, trap.code()), (200, ""));
    assert_eq!(trap.json()["Output"]["__type"], "com.amazon.coral.service#UnknownOperationException");
}

#[tokio::test]
async fn faults_have_anthropics_shape() {
    let (_emulator, caller) = emulator();
    let runtime = caller.runtime();
    let said = async |model: &str| error(&runtime.post(PATH, &asking(model, json!({}))).await);
    let throttled = said("us.test.throttle-1").await;
    assert_eq!((throttled.0, throttled.1.as_str()), (429, "rate_limit_error"));
    assert_eq!(runtime.post(PATH, &asking("us.test.throttle-1", json!({}))).await.status, 200);
    assert_eq!(said("us.test.unavailable").await.1, "overloaded_error");
    let body = asking(
        OPUS,
        json!({ "stream": true, "messages": [{
        "role": "user", "content": "[[fault:exception-after 3 throttlingException]]",
    }] }),
    );
    let events = runtime.post(PATH, &body).await.server_sent();
    assert_eq!(events.len(), 4);
    assert_eq!(events[3]["error"]["type"], "rate_limit_error");
}
