use llm::{Event, Request, StopReason};
use serde_json::json;

use super::*;
use crate::amazon_q::fixture::{
    ARN, account, anthropic, drain, good, hosts, ide, key, now, provider, provider_at, refusal, session,
    stream,
};
use crate::upstream::{Received, Scripted, upstream};
use crate::{Account, Provider, Target};

mod healing;
mod thinking;

const GENERATE: &str = "AmazonCodeWhispererStreamingService.GenerateAssistantResponse";

fn hello() -> Scripted {
    stream(&[
        ("assistantResponseEvent", json!({"content": "Hello"})),
        ("metadataEvent", json!({"stopReason": "END_TURN"})),
        ("meteringEvent", json!({"usage": 0.02, "unit": "credit", "unitPlural": "credits"})),
    ])
}

fn asked() -> Request {
    anthropic(&json!({
        "model": "claude-sonnet-4-5", "max_tokens": 100, "stream": true,
        "messages": [{"role": "user", "content": "Say hi."}],
    }))
}

/// The same with a tool, whose schema says more than the service may like.
fn with_tool() -> Request {
    anthropic(&json!({
        "model": "claude-sonnet-4-5", "max_tokens": 100, "stream": true,
        "messages": [{"role": "user", "content": "Say hi."}],
        "tools": [{
            "name": "say", "description": "Says.",
            "input_schema": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}},
        }],
    }))
}

async fn ask(provider: &AmazonQ, session: &Session, asked: &Request) -> Result<Reply, Error> {
    let target = provider.resolve(&session.account, &asked.model)?;
    ask_for(provider, session, asked, &target).await
}

async fn ask_for(
    provider: &AmazonQ,
    session: &Session,
    asked: &Request,
    target: &Target,
) -> Result<Reply, Error> {
    provider.send(session, Call { asked, target, detail: wire::Detail::Full }).await
}

/// Sends one request to an upstream that answers by `script`.
async fn send(
    bearer: Bearer,
    asked: &Request,
    script: impl Fn(usize, &Received) -> Scripted,
) -> (Result<Reply, Error>, Vec<Received>) {
    let provider = provider();
    upstream(script, async |endpoint| ask(&provider, &session(account(&endpoint), bearer), asked).await).await
}

#[tokio::test]
async fn a_request_is_answered_in_a_stream() {
    let provider = provider();
    let (events, requests) = upstream(
        |_: usize, _: &Received| hello(),
        async |endpoint| {
            let reply = ask(&provider, &session(account(&endpoint), ide()), &asked()).await.unwrap();
            assert_eq!((reply.wire, reply.attempts), (Wire::AmazonQ, 1));
            assert_eq!(reply.request_id.as_deref(), Some("req-1"));
            let chunks = drain(reply.body).await;
            chunks.into_iter().flat_map(|chunk| chunk.events).collect::<Vec<_>>()
        },
    )
    .await;
    assert!(events.contains(&Event::TextDelta { index: 0, text: "Hello".into() }), "{events:?}");
    assert!(
        events.iter().any(|event| matches!(event, Event::Stop { reason: StopReason::EndTurn, .. })),
        "{events:?}"
    );
    let request = &requests[0];
    assert_eq!((request.line.as_str(), request.header("x-amz-target")), ("POST /", Some(GENERATE)));
    assert_eq!(request.header("user-agent"), Some(concat!("switchboard/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(request.header("amz-sdk-request"), Some("attempt=1; max=3"));
    let body = request.json();
    assert_eq!(body["profileArn"], ARN);
    let message = &body["conversationState"]["currentMessage"]["userInputMessage"];
    assert_eq!((&message["modelId"], &message["origin"]), (&json!("claude-sonnet-4.5"), &json!("AI_EDITOR")));
}

#[tokio::test]
async fn an_api_key_speaks_as_the_command_line_does_and_shows_no_profile() {
    let (reply, requests) = send(key(), &asked(), |_, _| hello()).await;
    reply.unwrap();
    let body = requests[0].json();
    let state = &body["conversationState"];
    assert!(body.get("profileArn").is_none());
    assert_eq!(state["currentMessage"]["userInputMessage"]["origin"], "KIRO_CLI");
    assert!(state["agentContinuationId"].as_str().is_some_and(|id| Uuid::parse_str(id).is_ok()));
    assert_eq!(requests[0].header("tokentype"), Some("API_KEY"));
    assert!(requests[0].header("x-amzn-kiro-agent-mode").is_none());
}

#[tokio::test]
async fn the_other_binding_has_a_path_of_its_own() {
    let provider = provider();
    let (reply, requests) = upstream(
        |_: usize, _: &Received| hello(),
        async |endpoint| {
            let options = json!({"binding": "rest", "share_content": true});
            let account = Account { options, ..account(&endpoint) };
            ask(&provider, &session(account, ide()), &asked()).await
        },
    )
    .await;
    reply.unwrap();
    assert_eq!(requests[0].line, "POST /generateAssistantResponse");
    assert!(requests[0].header("x-amz-target").is_none());
    assert_eq!(requests[0].header("x-amzn-codewhisperer-optout"), Some("false"));
}

#[tokio::test]
async fn turns_of_a_session_share_their_conversation() {
    let provider = provider();
    let ((), requests) = upstream(
        |_: usize, _: &Received| hello(),
        async |endpoint| {
            let session = session(account(&endpoint), key());
            ask(&provider, &session, &asked()).await.unwrap();
            ask(&provider, &session, &asked()).await.unwrap();
        },
    )
    .await;
    let state = |at: usize| requests[at].json()["conversationState"].clone();
    assert_eq!(state(0)["conversationId"], state(1)["conversationId"]);
    assert_ne!(state(0)["agentContinuationId"], state(1)["agentContinuationId"]);
}

#[tokio::test]
async fn the_other_host_is_asked_only_when_it_may_know_better() {
    let misdirected = || refusal(404, "UnknownOperationException", None, "");
    let denied = || refusal(403, "AccessDeniedException", Some("FEATURE_NOT_SUPPORTED"), "Not for you.");
    for (answer, lines) in [
        (misdirected(), vec!["POST /runtime/us-east-1/", "POST /q/us-east-1/"]),
        (denied(), vec!["POST /runtime/us-east-1/"]),
        (refusal(429, "ThrottlingException", None, "Too many requests"), vec!["POST /runtime/us-east-1/"]),
        (refusal(500, "InternalServerException", None, "no"), vec!["POST /runtime/us-east-1/"]),
    ] {
        let (reply, requests) = upstream(
            |_: usize, request: &Received| {
                if request.line.starts_with("POST /runtime/") { answer.clone() } else { hello() }
            },
            async |endpoint| {
                let provider = provider_at(now(), hosts(&endpoint));
                ask(&provider, &session(account(""), ide()), &asked()).await
            },
        )
        .await;
        let sent: Vec<_> = requests.iter().map(|request| request.line.as_str()).collect();
        assert_eq!(sent, lines);
        assert_eq!(reply.map(|reply| reply.attempts).ok(), (lines.len() == 2).then_some(2));
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_is_left_and_the_order_is_the_persons() {
    let (lines, requests) = upstream(
        |_: usize, _: &Received| hello(),
        async |endpoint| {
            let gone =
                crate::HostTemplates { kiro_streaming: "http://127.0.0.1:1".into(), ..hosts(&endpoint) };
            let provider = provider_at(now(), gone);
            let session = session(account(""), ide());
            let first = ask(&provider, &session, &asked()).await.unwrap();
            let second = ask(&provider, &session, &asked()).await.unwrap();
            (first.attempts, second.attempts)
        },
    )
    .await;
    assert_eq!((lines, requests.len()), ((2, 1), 2), "what worked comes first the next time");

    let (reply, requests) = upstream(
        |_: usize, _: &Received| hello(),
        async |endpoint| {
            let provider = provider_at(now(), hosts(&endpoint));
            let options = json!({"hosts": "legacy_first"});
            ask(&provider, &session(Account { options, ..account("") }, ide()), &asked()).await
        },
    )
    .await;
    reply.unwrap();
    assert_eq!(requests[0].line, "POST /q/us-east-1/");
}

#[tokio::test]
async fn nothing_reachable_is_said_so() {
    let nowhere = "http://127.0.0.1:1";
    let provider = provider_at(now(), hosts(nowhere));
    let error = ask(&provider, &session(account(""), ide()), &asked()).await.unwrap_err();
    assert_eq!(error.category, Category::Unreachable);
}

#[tokio::test]
async fn used_up_credits_are_explained() {
    let answer = json!({
        "nextDateReset": 1_796_083_200.0, "usageBreakdownList": [{"currentUsage": 50, "usageLimit": 50}],
    });
    let (reply, requests) = send(ide(), &asked(), |_, request| {
        if request.header("x-amz-target") == Some(GENERATE) {
            let limit = Some("MONTHLY_REQUEST_COUNT");
            refusal(402, "ServiceQuotaExceededException", limit, "You have reached the limit.")
        } else {
            good(&answer)
        }
    })
    .await;
    let error = reply.unwrap_err();
    assert_eq!((error.category, requests.len()), (Category::Quota, 2));
    assert!(error.message.ends_with("(50 of 50 credits used; resets on 2026-12-01)"), "{}", error.message);
    assert_eq!(error.retry_after, Some(Duration::from_secs(1_796_083_200 - 1_795_262_400)));
}

#[tokio::test]
async fn a_limit_of_the_day_does_not_wait_for_the_months_credits() {
    let (reply, requests) = send(ide(), &asked(), |_, _| {
        refusal(429, "ThrottlingException", Some("DAILY_REQUEST_COUNT"), "Too many requests today.")
    })
    .await;
    let error = reply.unwrap_err();
    assert_eq!((error.category, error.retry_after, requests.len()), (Category::Quota, None, 1));
}

#[tokio::test]
async fn too_many_tools_are_refused_here_unless_the_account_takes_more() {
    let tools: Vec<_> = (0..120)
        .map(|number| json!({"name": format!("t{number}"), "description": "d", "input_schema": {"type": "object"}}))
        .collect();
    let many = anthropic(&json!({
        "model": "auto", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}], "tools": tools,
    }));
    let (reply, requests) = send(ide(), &many, |_, _| hello()).await;
    assert_eq!((reply.unwrap_err().category, requests.len()), (Category::InvalidRequest, 0));

    let provider = provider();
    let (reply, _) = upstream(
        |_: usize, _: &Received| hello(),
        async |endpoint| {
            let options = json!({"most_tools": 120});
            ask(&provider, &session(Account { options, ..account(&endpoint) }, ide()), &many).await
        },
    )
    .await;
    reply.unwrap();
}

#[tokio::test]
async fn tokens_are_estimated_without_asking() {
    let asked = asked();
    let provider = provider();
    let session = session(account("http://127.0.0.1:1"), ide());
    let target = provider.resolve(&session.account, "auto").unwrap();
    let call = Call { asked: &asked, target: &target, detail: wire::Detail::Control };
    let count = provider.count_tokens(&session, call).await.unwrap();
    assert!(count.estimated && count.input > 0);
}
