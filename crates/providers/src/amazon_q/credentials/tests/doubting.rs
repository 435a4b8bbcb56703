//! What becomes of what was learned: of the lack of a profile when the service asks for one, of everything when the
//! credential is another.

use super::*;
use crate::amazon_q::fixture::anthropic;
use crate::{Call, Provider};

const FRESH: &str = "2026-11-21T13:00:00Z";

/// A sign-in whose token is fresh, and which has no profile as far as is known.
fn bare() -> Value {
    json!({
        "kind": "kiro_social", "refresh_token": "aorOLD", "access_token": "aoaOLD", "expires_at": FRESH,
        "profile_arn": null,
    })
}

async fn ask(provider: &AmazonQ, opened: &Opened) -> Error {
    let asked = anthropic(&json!({
        "model": "claude-sonnet-4-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}],
    }));
    let target = provider.resolve(&opened.session.account, "claude-sonnet-4-5").unwrap();
    let call = Call { asked: &asked, target: &target, detail: wire::Detail::Full };
    provider.send(&opened.session, call).await.unwrap_err()
}

#[tokio::test]
async fn a_profile_that_the_service_wants_is_looked_for_again_once() {
    for found in [true, false] {
        let provider = provider();
        let (opened, requests) = upstream(
            |_: usize, request: &Received| match request.header("x-amz-target") {
                Some(target) if target.ends_with("ListAvailableProfiles") && found => {
                    good(&json!({"profiles": [{"arn": ARN}]}))
                }
                Some(target) if target.ends_with("ListAvailableProfiles") => good(&json!({"profiles": []})),
                _ => refusal(400, "ValidationException", None, "profileArn is required for this request."),
            },
            async |endpoint| {
                let account = Arc::new(account(&endpoint));
                let secret = Secret::new(bare().to_string());
                let first = provider.opened(&account, &secret, Why::First).await.unwrap();
                assert_eq!((bearer(&first).shape, first.rotated.is_some()), (Shape::Cli, false));
                assert_eq!(ask(&provider, &first).await.category, Category::Expired, "to be opened again");
                let second = provider.opened(&account, &secret, Why::Rejected).await.unwrap();
                assert_eq!(bearer(&second).token.expose(), "aoaOLD", "the token was not refused");
                let error = ask(&provider, &second).await;
                assert_eq!(error.category, Category::InvalidRequest, "not again and again");
                second
            },
        )
        .await;
        assert_eq!(requests.len(), 3);
        assert_eq!(bearer(&opened).profile_arn.as_deref(), found.then_some(ARN));
        assert_eq!(stored(&opened)["profile_arn"], if found { json!(ARN) } else { Value::Null });
    }
}

/// Only the search goes on with the token that is at hand: one that is refused itself is replaced.
#[tokio::test]
async fn a_doubt_keeps_no_refused_token() {
    let provider = provider();
    let (token, _) = upstream(
        |_: usize, request: &Received| match request.line.as_str() {
            "POST /refreshToken" => good(&json!({"accessToken": "aoaNEW", "expiresIn": 3600})),
            _ => match request.header("x-amz-target") {
                Some(target) if target.ends_with("ListAvailableProfiles") => {
                    refusal(500, "InternalServerException", None, "no")
                }
                _ => refusal(400, "ValidationException", None, "profileArn is required for this request."),
            },
        },
        async |endpoint| {
            let account = Arc::new(account(&endpoint));
            let secret = Secret::new(bare().to_string());
            let first = provider.opened(&account, &secret, Why::First).await.unwrap();
            ask(&provider, &first).await;
            let second = provider.opened(&account, &secret, Why::Rejected).await.unwrap();
            assert_eq!(second.session.expires, Some(now() + Duration::from_secs(60)), "searched later again");
            let third = provider.opened(&account, &secret, Why::Rejected).await.unwrap();
            bearer(&third).token.clone()
        },
    )
    .await;
    assert_eq!(token.expose(), "aoaNEW");
}

#[tokio::test]
async fn another_credential_begins_anew_and_a_renewed_one_does_not() {
    let provider = provider();
    let only = json!({"models": [{"modelId": "claude-only-1"}]});
    upstream(
        |_: usize, request: &Received| match request.line.as_str() {
            "POST /refreshToken" => {
                good(&json!({"accessToken": "aoaNEW", "refreshToken": "aorNEW", "expiresIn": 3600}))
            }
            _ => good(&only),
        },
        async |endpoint| {
            let account = Arc::new(account(&endpoint));
            let open = async |credential: &Value, why| {
                provider.opened(&account, &Secret::new(credential.to_string()), why).await.unwrap()
            };
            let known = || provider.known_models(&account).len();
            let first = open(&social(), Why::First).await;
            let all = known();
            provider.models(&first.session).await.unwrap();
            assert_eq!(known(), 1);
            let renewed = stored(&first);
            open(&renewed, Why::Rejected).await;
            assert_eq!(known(), 1, "the same sign-in");
            let key = json!({"kind": "kiro_api_key", "api_key": "ksk_other"});
            let second = open(&key, Why::First).await;
            assert_eq!(known(), all, "the list was another's");
            // What the one before is told late is not the next one's.
            provider.models(&first.session).await.unwrap();
            assert_eq!(known(), all);
            assert_ne!(bearer(&first).sign_in, bearer(&second).sign_in);
        },
    )
    .await;
}
