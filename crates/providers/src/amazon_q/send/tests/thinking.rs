//! Requests that want thoughts: only the account's list tells how to ask a model for them.

use super::*;

fn thoughtful() -> Request {
    anthropic(&json!({
        "model": "claude-opus-4-8", "max_tokens": 4000, "stream": true, "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"}, "messages": [{"role": "user", "content": "Think."}],
    }))
}

fn models() -> Scripted {
    Scripted::ok(include_str!("../../../../tests/fixtures/amazon_q/models.json"))
}

fn is_talk(request: &Received) -> bool {
    request.header("x-amz-target") == Some(GENERATE)
}

#[tokio::test]
async fn the_list_is_loaded_first_and_once() {
    let provider = provider();
    let ((), requests) = upstream(
        |_: usize, request: &Received| if is_talk(request) { hello() } else { models() },
        async |endpoint| {
            let session = session(account(&endpoint), ide());
            ask(&provider, &session, &thoughtful()).await.unwrap();
            ask(&provider, &session, &thoughtful()).await.unwrap();
        },
    )
    .await;
    assert_eq!(requests.iter().map(is_talk).collect::<Vec<_>>(), [false, true, true]);
    let fields = &requests[1].json()["additionalModelRequestFields"];
    assert_eq!(fields["thinking"]["type"], "adaptive");
    assert_eq!(fields["output_config"]["effort"], "high");
}

#[tokio::test]
async fn without_a_list_thoughts_are_asked_for_in_words() {
    let provider = provider();
    let ((), requests) = upstream(
        |_: usize, request: &Received| {
            if is_talk(request) { hello() } else { refusal(500, "InternalServerException", None, "no") }
        },
        async |endpoint| {
            let session = session(account(&endpoint), ide());
            ask(&provider, &session, &thoughtful()).await.unwrap();
            ask(&provider, &session, &thoughtful()).await.unwrap();
        },
    )
    .await;
    assert_eq!(requests.iter().map(is_talk).collect::<Vec<_>>(), [false, true, true], "asked in vain once");
    let body = requests[1].json();
    assert!(body.get("additionalModelRequestFields").is_none());
    assert!(body.to_string().contains("<thinking_mode>"));
}

#[tokio::test]
async fn who_wants_no_thoughts_waits_for_no_list() {
    let (reply, requests) = send(ide(), &asked(), |_, _| hello()).await;
    reply.unwrap();
    assert_eq!(requests.len(), 1);
}

#[tokio::test]
async fn an_account_that_may_send_no_settings_sends_them_once() {
    let provider = provider();
    let refuse = |_: usize, request: &Received| {
        if !is_talk(request) {
            return models();
        }
        if request.json().get("additionalModelRequestFields").is_some() {
            let words = "additionalModelRequestFields is not supported for this model";
            return refusal(400, "ValidationException", None, words);
        }
        hello()
    };
    let (attempts, requests) = upstream(refuse, async |endpoint| {
        let session = session(account(&endpoint), ide());
        let first = ask(&provider, &session, &thoughtful()).await.unwrap();
        assert!(first.adjustments.iter().any(|token| token == "fields:refused"), "{:?}", first.adjustments);
        let second = ask(&provider, &session, &thoughtful()).await.unwrap();
        [first.attempts, second.attempts]
    })
    .await;
    assert_eq!(attempts, [2, 1]);
    assert!(requests[2].json().to_string().contains("<thinking_mode>"), "asked for in words instead");
}

#[tokio::test]
async fn a_refused_model_makes_the_list_doubtful() {
    let provider = provider();
    let refuse = |_: usize, request: &Received| {
        if is_talk(request) {
            let words = "Invalid model. Please select a different model to continue.";
            refusal(400, "ValidationException", Some("INVALID_MODEL_ID"), words)
        } else {
            models()
        }
    };
    let (error, requests) = upstream(refuse, async |endpoint| {
        let session = session(account(&endpoint), ide());
        provider.models(&session).await.unwrap();
        let error = ask(&provider, &session, &asked()).await.unwrap_err();
        provider.models(&session).await.unwrap();
        error
    })
    .await;
    assert_eq!(error.category, Category::ModelNotFound);
    assert_eq!(requests.iter().map(is_talk).collect::<Vec<_>>(), [false, true, false]);
}
