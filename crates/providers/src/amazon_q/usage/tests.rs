use llm::Category;
use serde_json::{Value, json};

use super::*;
use crate::Provider;
use crate::amazon_q::fixture::{ARN, account, good, ide, now, provider, session};
use crate::upstream::{Received, upstream};

fn sample() -> Value {
    serde_json::from_str(include_str!("../../../tests/fixtures/amazon_q/usage.json")).unwrap()
}

fn read(answer: &Value) -> Quota {
    quota(serde_json::from_value(answer.clone()).unwrap(), now())
}

#[tokio::test]
async fn the_allowance_is_the_plan_and_what_runs_beside_it() {
    let provider = provider();
    let (quota, requests) = upstream(
        |_: usize, _: &Received| good(&sample()),
        async |endpoint| provider.quota(&session(account(&endpoint), ide())).await.unwrap().unwrap(),
    )
    .await;
    assert_eq!(requests[0].header("x-amz-target"), Some("AmazonCodeWhispererService.GetUsageLimits"));
    assert_eq!(
        requests[0].json(),
        json!({"origin": "AI_EDITOR", "profileArn": ARN, "resourceType": "CREDIT"})
    );
    assert_eq!(
        serde_json::to_value(&quota).unwrap(),
        json!({
            "plan": "KIRO PRO",
            "unit": "credits",
            "used": 227.96,
            "limit": 1100.0,
            "remaining": 872.04,
            "resets": 1_796_083_200,
            "overage": {"enabled": false, "used": 0.0, "cap": 10000.0, "rate": 0.04},
            "parts": [
                {"kind": "plan", "name": null, "used": 217.46, "limit": 1000.0, "expires": null},
                {"kind": "bonus", "name": "Welcome", "used": 10.5, "limit": 100.0, "expires": 1_798_761_600},
            ],
        })
    );
}

#[test]
fn a_running_trial_counts_and_an_ended_one_does_not() {
    let mut answer = sample();
    let trial = &mut answer["usageBreakdownList"][0]["freeTrialInfo"];
    trial["freeTrialStatus"] = json!("ACTIVE");
    assert_eq!(read(&answer).limit, 1100.0, "it is past its end");
    answer["usageBreakdownList"][0]["freeTrialInfo"]["freeTrialExpiry"] = json!(1_798_761_600.0);
    let quota = read(&answer);
    assert_eq!((quota.limit, quota.parts[1].kind, quota.parts[1].used), (1600.0, QuotaKind::Trial, 500.0));
    answer["usageBreakdownList"][0]["bonuses"][0]["status"] = json!("EXPIRED");
    assert_eq!(read(&answer).limit, 1500.0);
}

#[test]
fn older_answers_and_empty_ones_are_read_too() {
    let old = json!({"usageBreakdown": {"currentUsage": 60, "usageLimit": 50}, "nextDateReset": 1_796_083_200_000_u64});
    let quota = read(&old);
    assert_eq!((quota.used, quota.limit, quota.remaining), (60.0, 50.0, 0.0));
    assert_eq!((quota.resets, quota.overage, quota.plan), (Some(1_796_083_200), None, None));
    let many = json!({"usageBreakdownList": [
        {"resourceType": "SPEC", "usageLimit": 1},
        {"resourceType": "CREDIT", "usageLimit": 2},
    ]});
    assert_eq!(read(&many).limit, 2.0);
    let none = read(&json!({"limits": []}));
    assert_eq!((none.limit, none.unit.as_str(), none.parts.len()), (0.0, "credits", 0));
}

#[tokio::test]
async fn a_refusal_for_want_of_credits_says_how_many_and_until_when() {
    let provider = provider();
    let error = || Error::new(Category::Quota, "The monthly credits of this account are used up.");
    let answer = json!({
        "nextDateReset": 1_796_083_200.0,
        "usageBreakdownList": [{"currentUsageWithPrecision": 50.0, "usageLimit": 50, "displayNamePlural": "Credits"}],
    });
    let (told, _) = upstream(
        |_: usize, _: &Received| good(&answer),
        async |endpoint| provider.explained(&session(account(&endpoint), ide()), error()).await,
    )
    .await;
    assert_eq!(
        told.message,
        "The monthly credits of this account are used up. (50 of 50 credits used; resets on 2026-12-01)"
    );
    let reset = UNIX_EPOCH + Duration::from_secs(1_796_083_200);
    assert_eq!(told.retry_after, reset.duration_since(now()).ok());

    let (untold, _) = upstream(
        |_: usize, _: &Received| good(&json!("nonsense")),
        async |endpoint| provider.explained(&session(account(&endpoint), ide()), error()).await,
    )
    .await;
    assert_eq!((untold.message, untold.retry_after), (error().message, None));
}

#[tokio::test]
async fn a_reset_that_no_calendar_has_or_that_is_past_is_not_told() {
    for reset in [json!(1e300), json!(1.7e18), json!(1_700_000_000)] {
        let provider = provider();
        let answer = json!({
            "nextDateReset": reset, "usageBreakdownList": [{"currentUsage": 50, "usageLimit": 50}],
        });
        let (told, _) = upstream(
            |_: usize, _: &Received| good(&answer),
            async |endpoint| {
                let error = Error::new(Category::Quota, "Used up.");
                provider.explained(&session(account(&endpoint), ide()), error).await
            },
        )
        .await;
        assert_eq!((told.message.as_str(), told.retry_after), ("Used up. (50 of 50 credits used)", None));
    }
}

#[test]
fn numbers_are_short() {
    for (value, text) in [(50.0, "50"), (217.46, "217.46"), (0.5, "0.5"), (1000.0, "1000"), (0.004, "0")] {
        assert_eq!(number(value), text);
    }
}
