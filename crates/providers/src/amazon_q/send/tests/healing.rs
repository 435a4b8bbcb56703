//! Requests sent again after a refusal that said what would help.

use super::*;

fn invalid(reason: Option<&str>, message: &str) -> Scripted {
    refusal(400, "ValidationException", reason, message)
}

/// Refuses until the script has been asked `times` times.
fn refusing(times: usize, answer: Scripted) -> impl Fn(usize, &Received) -> Scripted {
    move |number, _| if number < times { answer.clone() } else { hello() }
}

#[tokio::test]
async fn schemas_are_simplified_once_and_for_the_whole_conversation() {
    let provider = provider();
    let answer = invalid(Some("TOOL_SCHEMA_INVALID"), "Bad schema.");
    let (replies, requests) = upstream(refusing(1, answer), async |endpoint| {
        let session = session(account(&endpoint), ide());
        let first = ask(&provider, &session, &with_tool()).await.unwrap();
        let second = ask(&provider, &session, &with_tool()).await.unwrap();
        [first, second].map(|reply| (reply.attempts, reply.adjustments))
    })
    .await;
    assert_eq!(replies.iter().map(|(attempts, _)| *attempts).collect::<Vec<_>>(), [2, 1]);
    for (_, adjustments) in &replies {
        let told = adjustments.iter().filter(|token| *token == "tools:schema_bare").count();
        assert_eq!(told, 1, "{adjustments:?}");
    }
    let constrained = |at: usize| String::from_utf8_lossy(&requests[at].body).contains("minimum");
    assert_eq!([0, 1, 2].map(constrained), [true, false, false]);
    assert_eq!(requests[1].header("amz-sdk-request"), Some("attempt=2; max=3"));
    assert_eq!(requests[0].header("amz-sdk-invocation-id"), requests[1].header("amz-sdk-invocation-id"));
}

#[tokio::test]
async fn what_cannot_help_is_not_tried() {
    let malformed = || invalid(None, "Improperly formed request.");
    let (reply, requests) = send(ide(), &asked(), refusing(9, malformed())).await;
    assert_eq!((reply.unwrap_err().category, requests.len()), (Category::InvalidRequest, 1), "no tools");
    let (reply, requests) = send(ide(), &with_tool(), refusing(9, malformed())).await;
    assert_eq!((reply.is_err(), requests.len()), (true, 2), "simplified once");
    let fields = invalid(None, "additionalModelRequestFields is not supported for this model");
    let (reply, requests) = send(ide(), &asked(), refusing(9, fields)).await;
    assert_eq!((reply.is_err(), requests.len()), (true, 1), "none were sent");
}

#[tokio::test]
async fn a_refused_thought_stays_behind() {
    let answer = invalid(Some("THINKING_SIGNATURE_INVALID"), "Invalid signature in thinking block.");
    let (reply, requests) = send(ide(), &asked(), refusing(1, answer.clone())).await;
    let reply = reply.unwrap();
    assert_eq!((reply.attempts, requests.len()), (2, 2));
    assert!(reply.adjustments.iter().any(|token| token == "reasoning:dropped"), "{:?}", reply.adjustments);
    let (reply, requests) = send(ide(), &asked(), refusing(9, answer)).await;
    assert_eq!((reply.is_err(), requests.len()), (true, 2));
}

#[tokio::test]
async fn a_whim_is_asked_again_once() {
    let answer = invalid(Some("TOOL_USE_RESULT_MISMATCH"), "Invalid tool use format.");
    let (reply, requests) = send(ide(), &asked(), refusing(1, answer.clone())).await;
    assert_eq!(reply.unwrap().attempts, 2);
    assert_eq!(requests[0].body, requests[1].body);
    let (reply, requests) = send(ide(), &asked(), refusing(9, answer)).await;
    assert_eq!((reply.is_err(), requests.len()), (true, 2));
}

#[tokio::test]
async fn a_full_conversation_gets_a_new_id_that_stays() {
    let provider = provider();
    let full = refusal(402, "ServiceQuotaExceededException", Some("CONVERSATION_LIMIT_EXCEEDED"), "Full.");
    let ((), requests) = upstream(refusing(1, full), async |endpoint| {
        let session = session(account(&endpoint), ide());
        let reply = ask(&provider, &session, &asked()).await.unwrap();
        assert!(reply.adjustments.iter().any(|token| token == "conversation:renewed"));
        ask(&provider, &session, &asked()).await.unwrap();
    })
    .await;
    let id = |at: usize| requests[at].json()["conversationState"]["conversationId"].clone();
    assert_ne!(id(0), id(1));
    assert_eq!(id(1), id(2));
}

#[tokio::test]
async fn a_profile_is_left_out_where_an_old_host_refuses_it() {
    let refuse = |_: usize, request: &Received| {
        if request.line.starts_with("POST /runtime/") {
            return refusal(404, "UnknownOperationException", None, "");
        }
        if request.json().get("profileArn").is_some() {
            return refusal(403, "AccessDeniedException", None, "User is not authorized to make this call.");
        }
        hello()
    };
    let (attempts, requests) = upstream(refuse, async |endpoint| {
        let provider = provider_at(now(), hosts(&endpoint));
        let session = session(account(""), ide());
        let first = ask(&provider, &session, &asked()).await.unwrap();
        assert!(first.adjustments.iter().any(|token| token == "profile:dropped"));
        let second = ask(&provider, &session, &asked()).await.unwrap();
        [first.attempts, second.attempts]
    })
    .await;
    assert_eq!(attempts, [3, 1]);
    let last = requests.last().unwrap();
    let message = &last.json()["conversationState"]["currentMessage"]["userInputMessage"];
    assert_eq!(message["origin"], "KIRO_CLI");
    assert!(last.header("x-amzn-kiro-profile-arn").is_none());
}

/// An organisation's account is refused for many reasons, and without its profile it cannot be used at all.
#[tokio::test]
async fn a_profile_is_not_blamed_for_another_refusal() {
    let refuse = |number: usize, request: &Received| {
        if request.json().get("profileArn").is_none() {
            return invalid(None, "profileArn is required for this request.");
        }
        let denied = Some("FEATURE_NOT_SUPPORTED");
        if number == 0 { refusal(403, "AccessDeniedException", denied, "Not yours.") } else { hello() }
    };
    let (error, requests) = upstream(refuse, async |endpoint| {
        let provider = provider_at(now(), hosts(&endpoint));
        let options = json!({"hosts": "legacy_first"});
        let session = session(Account { options, ..account("") }, ide());
        let error = ask(&provider, &session, &asked()).await.unwrap_err();
        ask(&provider, &session, &asked()).await.unwrap();
        error
    })
    .await;
    assert_eq!((error.category, requests.len()), (Category::PermissionDenied, 3));
    assert!(error.message.contains("Not yours."), "{}", error.message);
}

#[tokio::test]
async fn a_new_host_keeps_its_profile() {
    let denied = refusal(403, "AccessDeniedException", None, "User is not authorized to make this call.");
    let (reply, requests) = send(ide(), &asked(), refusing(9, denied)).await;
    assert_eq!((reply.unwrap_err().category, requests.len()), (Category::PermissionDenied, 1));
}
