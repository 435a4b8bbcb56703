//! Requests that would like to choose where they go.

use anyhow::Result;
use serde_json::{Value, json};

use super::Case;
use crate::checks::Checks;
use crate::machine::Stage;
use crate::process::message;
use crate::vitals::{Trap, Vitals};

const BODY: &str = "members of a body that name a server are ignored or refused";
const HEADERS: &str = "headers that name a server are ignored or refused";
const MODEL: &str = "a model's name leads nowhere else";
const REGION: &str = "a region that is none is refused";
const START: &str =
    "a start page of somebody else is refused, or told to the account's own service and dialled by nobody";
const UPSTREAM: &str = "what was answered came from the account's own upstream";
const DIALLED: &str = "only the account's own upstream was dialled";
const TRAP: &str = "nobody came to the address";

pub(super) const CASE: Case = Case {
    id: "C5",
    fault: "requests that name a server",
    checks: &[BODY, HEADERS, MODEL, REGION, START, UPSTREAM, DIALLED, TRAP],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let house = stage.house().await?;
    let serving = &house.serving;
    let trap = Trap::set().await?;
    let there = format!("http://127.0.0.1:{}", trap.port);
    let region = "us-east-1.evil.test#";
    let watch = Vitals::of(serving.pid()).watch();

    for path in ["/v1/messages", "/v1/chat/completions"] {
        for name in [
            "api_base",
            "base_url",
            "baseUrl",
            "endpoint",
            "endpoint_url",
            "aws_bedrock_runtime_endpoint",
            "api_key",
            "host",
            "url",
            "proxy",
            "custom_llm_provider",
        ] {
            let mut body = message("hello");
            body[name] = json!(there);
            sent(BODY, serving.ask("POST", path).json(&body), &house, checks, name).await?;
        }
        for name in ["aws_region_name", "aws_region", "region", "region_name", "vertex_location"] {
            let mut body = message("hello");
            body[name] = json!(region);
            sent(BODY, serving.ask("POST", path).json(&body), &house, checks, name).await?;
        }
        for (name, value) in [
            ("x-api-base", there.as_str()),
            ("x-base-url", there.as_str()),
            ("x-upstream-url", there.as_str()),
            ("x-amz-endpoint", there.as_str()),
            ("x-forwarded-host", there.as_str()),
            ("x-original-url", there.as_str()),
            ("x-rewrite-url", there.as_str()),
            ("forwarded", "host=evil.test"),
            ("x-host", "evil.test"),
            ("x-aws-region", region),
            ("x-region", region),
            ("x-amz-region", region),
            ("x-goog-api-client", there.as_str()),
            ("proxy", there.as_str()),
            ("via", "1.1 evil.test"),
        ] {
            let question = serving.ask("POST", path).json(&message("hello")).header(name, value);
            sent(HEADERS, question, &house, checks, name).await?;
        }
    }
    for model in [
        format!("arn:aws:bedrock:{region}:111122223333:inference-profile/us.anthropic.claude-sonnet-4-5"),
        format!("arn:aws:bedrock:us-east-1@127.0.0.1:{}/:111122223333:inference-profile/x", trap.port),
        "../../evil".to_owned(),
        format!("claude-sonnet-4-5@127.0.0.1:{}", trap.port),
        "claude-sonnet-4-5#/../..".to_owned(),
        format!("{there}/claude-sonnet-4-5"),
    ] {
        let mut body = message("hello");
        body["model"] = json!(model);
        let answer = serving.post("/v1/messages", &body).await?;
        checks.that(MODEL, matches!(answer.status, 400 | 404), format!("{model}: {answer:?}"));
    }
    for wrong in [
        region,
        "us-east-1/",
        "evil.test",
        "us-east-1@evil.test",
        "us-east-1:80",
        "../x",
        "us-east-1\r\nx: y",
    ] {
        let mut account = crate::machine::bedrock("evil", &house.emulator);
        account["region"] = json!(wrong);
        let answer = serving.post("/api/accounts", &account).await?;
        checks.that(REGION, answer.status == 400, format!("{wrong:?}: {answer:?}"));
        let begun = serving
            .post(
                "/api/signins",
                &sign_in("https://d-0000000000.awsapps.com/start", wrong, &house.emulator.url()),
            )
            .await?;
        checks.that(REGION, begun.status == 400, format!("{wrong:?} of a directory: {begun:?}"));
    }
    for page in [
        "https://evil.test/start",
        "http://d-0000000000.awsapps.com/start",
        "https://awsapps.com.evil.test/start",
        "https://evil.test/?d-0000000000.awsapps.com/start",
        "https://d-0@evil.test/start",
        there.as_str(),
        "file:///start",
        "https://127.0.0.1/start",
        "https://evil.test#.awsapps.com/start",
    ] {
        let begun = serving.post("/api/signins", &sign_in(page, "us-east-1", &house.emulator.url())).await?;
        checks.that(START, matches!(begun.status, 201 | 400), format!("{page}: {begun:?}"));
        if let Some(id) = begun.json()["id"].as_str() {
            let told = ended(serving, id).await?;
            checks.that(START, told["state"] == "failed", format!("{page}: {told}"));
        }
    }
    let strange = watch.strange(&[house.emulator.addr()]);
    checks.that(DIALLED, strange.is_empty(), format!("{strange:?}"));
    checks.that(TRAP, trap.caught() == 0, format!("{} times", trap.caught()));
    Ok(())
}

/// A sign-in that comes to nothing, once it has.
async fn ended(serving: &crate::process::Serving, id: &str) -> Result<Value> {
    let mut view = serving.get(&format!("/api/signins/{id}")).await?.json();
    for _ in 0..20 {
        if matches!(view["state"].as_str(), Some("failed" | "done")) {
            break;
        }
        view = serving.get(&format!("/api/signins/{id}?version={}", view["version"])).await?.json();
    }
    Ok(view)
}

fn sign_in(page: &str, region: &str, endpoint: &str) -> Value {
    json!({
        "provider": "bedrock", "name": "evil", "region": "us-east-1", "endpoint_url": endpoint,
        "login": "identity_center", "flow": "device",
        "fields": {"start_url": page, "oidc_region": region},
    })
}

/// Sends a question that names a server: it is refused, or answered by the account's own.
async fn sent(
    check: &'static str,
    question: crate::exchange::Question,
    house: &crate::machine::House,
    checks: &Checks,
    what: &str,
) -> Result<()> {
    let before = house.emulator.journal().count();
    let answer = house.serving.send(question).await?;
    checks.that(check, matches!(answer.status, 200 | 400), format!("{what}: {answer:?}"));
    let asked = house.emulator.journal().count() - before;
    let right =
        if answer.status == 200 { asked == 1 && answer.text().contains("echo: hello") } else { asked == 0 };
    checks.that(UPSTREAM, right, format!("{what}: {answer:?}, asked {asked} times"));
    Ok(())
}
