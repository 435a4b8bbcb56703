use llm::Secret;
use serde_json::json;

use super::*;
use crate::amazon_q::SignIn;

const ARN: &str = "arn:aws:codewhisperer:us-east-1:000011112222:profile/EXAMPLEPROF01";

fn bearer(kind: TokenKind) -> Bearer {
    let shape = if kind == TokenKind::ApiKey { Shape::Cli } else { Shape::Ide };
    let profile_arn = (shape == Shape::Ide).then(|| ARN.to_owned());
    Bearer { token: Secret::new("aoaEXAMPLE"), kind, shape, profile_arn, sign_in: SignIn::default() }
}

fn asker(bearer: &Bearer, binding: Binding) -> Asker<'_> {
    Asker { bearer, binding, share_content: false }
}

fn text<'a>(outgoing: &'a Outgoing, name: &str) -> Option<&'a str> {
    outgoing.headers.get(name).map(|value| value.to_str().unwrap())
}

fn members() -> Map<String, Value> {
    let members = json!({"origin": "AI_EDITOR", "maxResults": 50, "profileArn": ARN});
    members.as_object().cloned().unwrap()
}

#[test]
fn the_operation_is_in_a_header_or_in_the_path() {
    let bearer = bearer(TokenKind::Aws);
    let trace = Trace::new();
    let base = "https://management.us-east-1.kiro.dev";
    let ask =
        |binding, operation| control(&asker(&bearer, binding), base, operation, &members(), &trace).unwrap();
    let json = ask(Binding::AwsJson, Operation::ListAvailableModels);
    assert_eq!((json.method.as_str(), json.url.as_str()), ("POST", "https://management.us-east-1.kiro.dev/"));
    assert_eq!(text(&json, "x-amz-target"), Some("AmazonCodeWhispererService.ListAvailableModels"));
    assert_eq!(text(&json, "content-type"), Some("application/x-amz-json-1.0"));
    assert_eq!(
        String::from_utf8_lossy(&json.payload.to_bytes()),
        format!(r#"{{"origin":"AI_EDITOR","maxResults":50,"profileArn":"{ARN}"}}"#)
    );

    let get = ask(Binding::Rest, Operation::GetUsageLimits);
    let arn = "arn%3Aaws%3Acodewhisperer%3Aus-east-1%3A000011112222%3Aprofile%2FEXAMPLEPROF01";
    assert_eq!(get.method, Method::GET);
    assert_eq!(
        get.url.as_str(),
        format!("{base}/getUsageLimits?origin=AI_EDITOR&maxResults=50&profileArn={arn}")
    );
    assert!(get.payload.is_empty() && text(&get, "content-type").is_none());
    assert!(text(&get, "x-amz-target").is_none());

    let post = ask(Binding::Rest, Operation::ListAvailableProfiles);
    assert_eq!(post.url.as_str(), format!("{base}/ListAvailableProfiles"));
    assert_eq!(text(&post, "content-type"), Some("application/json"));
    assert!(!post.payload.is_empty());
}

#[test]
fn a_conversation_says_what_its_shape_wants() {
    let trace = Trace { attempt: 2, ..Trace::new() };
    let base = "https://runtime.us-east-1.kiro.dev";
    let talk = |bearer: &Bearer, binding| {
        let payload = Payload::from(b"{}".to_vec());
        conversation(&asker(bearer, binding), bearer.shape, base, payload, &trace).unwrap()
    };
    let ide = talk(&bearer(TokenKind::ExternalIdp), Binding::AwsJson);
    for (name, value) in [
        ("authorization", "Bearer aoaEXAMPLE"),
        ("accept", "application/vnd.amazon.eventstream"),
        ("x-amz-target", "AmazonCodeWhispererStreamingService.GenerateAssistantResponse"),
        ("x-amzn-codewhisperer-optout", "true"),
        ("x-amzn-kiro-agent-mode", "vibe"),
        ("x-amzn-kiro-profile-arn", ARN),
        ("tokentype", "EXTERNAL_IDP"),
        ("amz-sdk-invocation-id", trace.id.to_string().as_str()),
        ("amz-sdk-request", "attempt=2; max=3"),
    ] {
        assert_eq!(text(&ide, name), Some(value), "{name}");
    }
    assert!(ide.headers["authorization"].is_sensitive());
    assert!(text(&ide, "user-agent").is_none(), "the client itself says who it is");

    let cli = talk(&bearer(TokenKind::ApiKey), Binding::Rest);
    assert_eq!(cli.url.as_str(), "https://runtime.us-east-1.kiro.dev/generateAssistantResponse");
    assert_eq!(text(&cli, "tokentype"), Some("API_KEY"));
    assert_eq!(text(&cli, "content-type"), Some("application/json"));
    for absent in ["x-amzn-kiro-agent-mode", "x-amzn-kiro-profile-arn", "x-amz-target"] {
        assert!(text(&cli, absent).is_none(), "{absent}");
    }
    assert!(text(&talk(&bearer(TokenKind::Aws), Binding::AwsJson), "tokentype").is_none());
}

#[test]
fn content_is_shared_only_when_the_person_says_so() {
    let bearer = bearer(TokenKind::Aws);
    let asker = Asker { share_content: true, ..asker(&bearer, Binding::AwsJson) };
    let outgoing =
        control(&asker, "http://127.0.0.1", Operation::GetUsageLimits, &members(), &Trace::new()).unwrap();
    assert_eq!(text(&outgoing, "x-amzn-codewhisperer-optout"), Some("false"));
}

#[test]
fn a_token_that_cannot_stand_in_a_header_is_not_repeated() {
    let bearer = Bearer { token: Secret::new("secret\ntoken"), ..bearer(TokenKind::Aws) };
    let asker = asker(&bearer, Binding::AwsJson);
    let error = control(&asker, "http://127.0.0.1", Operation::GetUsageLimits, &members(), &Trace::new())
        .unwrap_err();
    assert_eq!(error.category, Category::NoCredentials);
    assert!(!error.message.contains("secret"));
}
