use llm::{Effort, ThinkingStyle, Wire};

use super::*;
use crate::Provider;
use crate::amazon_q::fixture::{
    account, good, hosts, ide, key, now, provider, provider_at, refusal, session,
};
use crate::upstream::{Received, Scripted, upstream};

fn sample() -> Value {
    serde_json::from_str(include_str!("../../../tests/fixtures/amazon_q/models.json")).unwrap()
}

#[tokio::test]
async fn models_are_read_from_the_list_and_the_list_is_kept() {
    let provider = provider();
    let (models, requests) = upstream(
        |_: usize, _: &Received| good(&sample()),
        async |endpoint| {
            let session = session(account(&endpoint), ide());
            provider.models(&session).await.unwrap();
            provider.models(&session).await.unwrap()
        },
    )
    .await;
    assert_eq!(requests.len(), 1, "the second list comes from memory");
    assert_eq!(requests[0].header("x-amz-target"), Some("AmazonCodeWhispererService.ListAvailableModels"));
    let asked =
        json!({"origin": "AI_EDITOR", "profileArn": crate::amazon_q::fixture::ARN, "maxResults": 100});
    assert_eq!(requests[0].json(), asked);

    let facts: Vec<_> = models
        .iter()
        .map(|model| {
            (model.id.as_str(), model.name.as_str(), model.context, model.max_output, model.thinking)
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("auto", "auto", 1_000_000, 64_000, ThinkingStyle::Prompted),
            ("claude-sonnet-4.5", "claude-sonnet-4-5", 200_000, 64_000, ThinkingStyle::Prompted),
            ("claude-opus-4.8", "claude-opus-4-8", 1_000_000, 128_000, ThinkingStyle::Adaptive),
            ("gpt-5.6-sol", "gpt-5.6-sol", 272_000, 128_000, ThinkingStyle::ReasoningObject),
        ]
    );
    let opus = &models[2];
    assert_eq!(opus.efforts, [Effort::Low, Effort::Medium, Effort::High, Effort::XHigh, Effort::Max]);
    assert_eq!((opus.display_name.as_str(), opus.wire), ("Claude Opus 4.8", Wire::AmazonQ));
    assert!(opus.vision && opus.is_claude() && opus.price.is_none());
    assert_eq!(models[3].efforts.first(), Some(&Effort::None));
}

#[tokio::test]
async fn pages_are_followed_in_either_binding() {
    for (binding, lines) in [
        ("aws_json", ["POST /", "POST /"]),
        (
            "rest",
            [
                "GET /ListAvailableModels?origin=KIRO_CLI&maxResults=100",
                "GET /ListAvailableModels?origin=KIRO_CLI&maxResults=100&nextToken=a%2Fb%3D",
            ],
        ),
    ] {
        let provider = provider();
        let (models, requests) = upstream(
            |number: usize, _: &Received| match number {
                0 => good(&json!({"models": [{"modelId": "auto"}], "nextToken": "a/b="})),
                _ => good(&json!({"models": [{"modelId": "glm-5", "supportedInputTypes": ["TEXT"]}]})),
            },
            async |endpoint| {
                let options = json!({"binding": binding});
                let session = session(Account { options, ..account(&endpoint) }, key());
                provider.models(&session).await.unwrap()
            },
        )
        .await;
        assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["auto", "glm-5"]);
        assert!(!models[1].vision);
        assert_eq!(requests.iter().map(|request| request.line.as_str()).collect::<Vec<_>>(), lines);
        assert!(requests.iter().all(|request| request.header("tokentype") == Some("API_KEY")));
        if binding == "aws_json" {
            assert_eq!(requests[1].json()["nextToken"], "a/b=");
        }
    }
}

#[tokio::test]
async fn a_list_is_renewed_after_an_hour_and_serves_for_a_day() {
    let hour = Duration::from_secs(3600);
    let clock = Arc::new(std::sync::Mutex::new(now()));
    let told = clock.clone();
    let provider = AmazonQ::new(crate::AmazonQOptions {
        http: crate::Http::new(crate::HttpOptions::default()).unwrap(),
        clock: Arc::new(move || *told.lock().unwrap()),
        hosts: crate::HostTemplates::default(),
    });
    let at = |time| *clock.lock().unwrap() = time;
    let script = |number: usize, _: &Received| match number {
        0 => good(&json!({"models": [{"modelId": "first"}]})),
        1 => good(&json!({"models": [{"modelId": "second"}]})),
        _ => refusal(500, "InternalServerException", None, "no"),
    };
    let ((), requests) = upstream(script, async |endpoint| {
        let session = session(account(&endpoint), ide());
        let first = async || provider.models(&session).await.map(|models| models[0].id.clone());
        assert_eq!(first().await.unwrap(), "first");
        at(now() + hour - Duration::from_secs(1));
        assert_eq!(first().await.unwrap(), "first");
        at(now() + hour);
        assert_eq!(first().await.unwrap(), "second");
        at(now() + hour * 24);
        assert_eq!(first().await.unwrap(), "second", "the service fails, the old list serves");
        at(now() + hour * 25);
        assert_eq!(first().await.unwrap_err().category, Category::Upstream);
        let table = provider.known_models(&session.account);
        assert!(table.iter().any(|model| model.id == "auto"), "the table serves");
    })
    .await;
    assert_eq!(requests.len(), 4);
}

#[tokio::test]
async fn a_refused_token_is_told_even_when_there_is_a_list() {
    let provider = provider();
    let script = |number: usize, _: &Received| match number {
        0 => good(&sample()),
        _ => refusal(
            403,
            "AccessDeniedException",
            None,
            "The bearer token included in the request is invalid.",
        ),
    };
    let (error, _) = upstream(script, async |endpoint| {
        let session = session(account(&endpoint), ide());
        provider.models(&session).await.unwrap();
        // A model of the list was refused, so the list is asked for again.
        provider.lists.doubt(SignIn::default(), &session.account, now());
        provider.models(&session).await.unwrap_err()
    })
    .await;
    assert_eq!(error.category, Category::Expired);
}

#[tokio::test]
async fn the_next_host_is_asked_when_the_first_does_not_know_the_call() {
    let unknown = |_: usize, request: &Received| -> Scripted {
        if request.line.starts_with("POST /management/") {
            return refusal(404, "UnknownOperationException", None, "");
        }
        good(&sample())
    };
    let (generations, requests) = upstream(unknown, async |endpoint| {
        let provider = provider_at(now(), hosts(&endpoint));
        let session = session(account(""), ide());
        provider.models(&session).await.unwrap();
        provider.lists.doubt(SignIn::default(), &session.account, now());
        provider.models(&session).await.unwrap().len()
    })
    .await;
    assert_eq!(generations, 4);
    let lines: Vec<_> = requests.iter().map(|request| request.line.as_str()).collect();
    assert_eq!(
        lines,
        ["POST /management/us-east-1/", "POST /q/us-east-1/", "POST /q/us-east-1/"],
        "what worked is remembered"
    );
    let invocation = |at: usize| requests[at].header("amz-sdk-invocation-id").unwrap();
    assert_eq!(invocation(0), invocation(1));
    assert_ne!(invocation(1), invocation(2));
    assert_eq!(requests[1].header("amz-sdk-request"), Some("attempt=2; max=3"));
}

#[tokio::test]
async fn a_limit_or_a_throttle_stays_where_it_is() {
    for (answer, category) in [
        (
            refusal(
                403,
                "AccessDeniedException",
                None,
                "The bearer token included in the request is invalid.",
            ),
            Category::Expired,
        ),
        (
            refusal(
                402,
                "ServiceQuotaExceededException",
                Some("MONTHLY_REQUEST_COUNT"),
                "You have reached the limit.",
            ),
            Category::Quota,
        ),
        (refusal(429, "ThrottlingException", None, "Too many requests"), Category::RateLimited),
    ] {
        let (error, requests) = upstream(
            |_: usize, _: &Received| answer.clone(),
            async |endpoint| {
                let provider = provider_at(now(), hosts(&endpoint));
                provider.models(&session(account(""), ide())).await.unwrap_err()
            },
        )
        .await;
        assert_eq!((error.category, requests.len()), (category, 1));
    }
}

#[test]
fn a_list_belongs_to_its_place() {
    let here = account("http://127.0.0.1:1");
    let list = List {
        region: here.region.clone(),
        endpoint: here.endpoint_url.clone(),
        at: now(),
        doubted: false,
        models: Vec::new(),
    };
    assert!(list.is_of(&here));
    assert!(!list.is_of(&Account { region: "eu-central-1".into(), ..here.clone() }));
    assert!(!list.is_of(&Account { endpoint_url: None, ..here }));
    assert!(!list.is_younger(GOOD, now() - Duration::from_secs(1)), "the clock went back");
}

/// Hosts accept and then say nothing.
#[tokio::test]
async fn a_host_that_hangs_is_left_for_the_other() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (models, requests) = upstream(
        |_: usize, _: &Received| good(&sample()),
        async |endpoint| {
            let mut places = hosts(&endpoint);
            places.kiro_control = format!("http://{}", silent.local_addr().unwrap());
            let mut provider = provider_at(now(), places);
            provider.host_patience = Duration::from_millis(20);
            let session = session(account(""), ide());
            provider.models(&session).await.map(|models| models.len())
        },
    )
    .await;
    assert_eq!(models.unwrap(), 4);
    assert_eq!(requests[0].line, "POST /q/us-east-1/");
}

#[tokio::test]
async fn the_cheapest_model_takes_the_fewest_credits() {
    let row = |id: &str, rate: Value| json!({"modelId": id, "rateMultiplier": rate});
    for (rows, cheapest) in [
        (
            json!([
                row("claude-opus-5", json!(2.2)),
                row("qwen3-coder-next", json!(0.05)),
                row("claude-haiku-4.5", json!(0.4)),
                row("claude-sonnet-5", json!(1.3)),
            ]),
            Some("claude-haiku-4-5"),
        ),
        (
            json!([row("glm-5", json!(0.5)), row("auto", json!("1x")), row("deepseek-3.2", json!(0.25))]),
            Some("deepseek-v3.2"),
        ),
        (json!([row("claude-opus-5", Value::Null)]), None),
    ] {
        let provider = provider();
        let (account, _) = upstream(
            |_: usize, _: &Received| good(&json!({"models": rows})),
            async |endpoint| {
                let session = session(account(&endpoint), ide());
                assert_eq!(provider.cheapest(&session.account), None, "nothing is known yet");
                provider.models(&session).await.unwrap();
                session.account
            },
        )
        .await;
        assert_eq!(provider.cheapest(&account).as_deref(), cheapest, "{rows}");
    }
}
