//! Failover between providers that speak different wires, through the whole pipeline.

use accounts::{Failover, NewAccount, Outcome, StateView};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use super::*;
use crate::dialect::MESSAGES;
use crate::house::{House, KEY};

/// The window is on this machine.
const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// An account; `fails` names the category that it fails with, if any.
async fn add(house: &House, name: &str, provider: &str, fails: Option<&str>) -> String {
    add_with(house, name, provider, json!({"fails": fails})).await
}

async fn add_with(house: &House, name: &str, provider: &str, options: Value) -> String {
    let new = json!({
        "name": name, "provider": provider, "region": "us-east-1", "policy_accepted": true,
        "credential": {"kind": "api_key", "api_key": "sk-1234"}, "options": options,
    });
    let new: NewAccount = serde_json::from_value(new).unwrap();
    house.gateway.accounts.add(new).await.unwrap().id
}

struct Said {
    status: u16,
    headers: HeaderMap,
    body: Value,
    row: store::LogRow,
}

impl Said {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Accounts and categories of the row.
    fn past(&self) -> Vec<(&str, &str)> {
        let past = self.row.failover_from.as_ref().and_then(Value::as_array);
        let word = |value: &'_ Value| -> &'static str { value.as_str().unwrap().to_owned().leak() };
        past.into_iter().flatten().map(|one| (word(&one["account"]), word(&one["category"]))).collect()
    }
}

async fn ask(house: &House) -> Said {
    say(house, json!([{"role": "user", "content": [{"type": "text", "text": "the question"}]}])).await
}

async fn say(house: &House, messages: Value) -> Said {
    let body = json!({"model": "small", "max_tokens": 9, "messages": messages});
    let request = Request::post("/v1/messages").header("x-api-key", KEY);
    let (head, ()) = request.header(CONTENT_TYPE, "application/json").body(()).unwrap().into_parts();
    let answer =
        handle(&house.gateway, &MESSAGES, HOME, head, Full::new(Bytes::from(body.to_string()))).await;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    house.gateway.logs.flush().await.unwrap();
    let row = house.gateway.logs.page(store::Filter::default(), None, 1).await.unwrap().rows.remove(0);
    let body = serde_json::from_slice(&body).unwrap();
    Said { status: head.status.as_u16(), headers: head.headers, body, row }
}

#[tokio::test]
async fn another_wire_is_written_from_the_meaning_and_the_answer_says_why() {
    let house = House::new().await;
    add(&house, "Ä: one", "invented", Some("rate_limited")).await;
    add(&house, "two", "wild", None).await;
    let said = ask(&house).await;
    assert_eq!(said.status, 200, "{}", said.body);
    let text = said.body["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("Full ") && text.contains("the question"), "{text}");
    assert_eq!(said.header("x-proxy-account"), Some("two"));
    assert_eq!(said.header("x-proxy-failover"), Some("%C3%84%3A one:rate_limited"));
    assert_eq!(said.past(), [("Ä: one", "rate_limited")]);
    let row = &said.row;
    assert_eq!((row.provider.as_deref(), row.upstream_wire.as_deref()), (Some("wild"), Some("amazon_q")));
    assert_eq!((row.attempts, row.credits), (2, Some(0.25)));

    // The first one rests now: it is not asked, and the answer says so all the same.
    let said = ask(&house).await;
    assert_eq!(said.header("x-proxy-failover"), Some("%C3%84%3A one:rate_limited"));
    assert_eq!((said.past(), said.row.attempts), (vec![("Ä: one", "rate_limited")], 1));
    assert_eq!(said.row.failover_from.unwrap()[0]["resting"], true);
}

#[tokio::test]
async fn without_failover_nothing_is_said_of_it() {
    let house = House::new().await;
    let one = add(&house, "Ä", "invented", None).await;
    add(&house, "two", "wild", Some("upstream")).await;
    let said = ask(&house).await;
    assert_eq!((said.header("x-proxy-account"), said.header("x-proxy-failover")), (Some("%C3%84"), None));
    assert_eq!(said.row.failover_from, None);
    // Who comes after the one that answers is not the answer's business.
    let two = house.gateway.accounts.list().into_iter().find(|view| view.id != one).unwrap().id;
    let error = Error::new(Category::RateLimited, "slow");
    house.gateway.accounts.note(&house.gateway.accounts.entry(&two).unwrap(), Outcome::Failure(&error));
    assert_eq!(ask(&house).await.header("x-proxy-failover"), None);
}

#[tokio::test]
async fn a_conversation_stays_with_the_account_that_took_it_over_until_the_person_chooses() {
    let house = House::new().await;
    let one = add(&house, "one", "invented", None).await;
    let two = add(&house, "two", "wild", None).await;
    let accounts = &house.gateway.accounts;
    let user = |text: &str| json!({"role": "user", "content": text});
    let later = json!([user("first"), {"role": "assistant", "content": "yes"}, user("second")]);
    let error = Error::new(Category::RateLimited, "slow");
    accounts.note(&accounts.entry(&one).unwrap(), Outcome::Failure(&error));
    let said = say(&house, json!([user("first")])).await;
    assert_eq!(said.header("x-switchboard-account"), Some(two.as_str()));
    assert_eq!(said.header("x-switchboard-attempts"), Some("1"));

    accounts.revive(&accounts.entry(&one).unwrap());
    let said = say(&house, later.clone()).await;
    assert_eq!(said.header("x-switchboard-account"), Some(two.as_str()));
    assert_eq!(said.header("x-proxy-failover"), None, "nothing failed");
    let past = said.row.failover_from.unwrap();
    assert_eq!(past, json!([{"account": "one", "skipped": "conversation"}]));
    let filter = store::Filter { failed_over: true, ..store::Filter::default() };
    assert_eq!(house.gateway.logs.page(filter, None, 9).await.unwrap().rows.len(), 1, "but the first");
    // Another conversation has no reason to go there, nor has one that only begins alike.
    for messages in [json!([user("other")]), json!([user("first")])] {
        assert_eq!(say(&house, messages).await.header("x-switchboard-account"), Some(one.as_str()));
    }

    accounts.activate(&one).await.unwrap();
    assert_eq!(say(&house, later).await.header("x-switchboard-account"), Some(one.as_str()));
}

#[tokio::test]
async fn a_row_says_of_everybody_why_they_were_not_asked() {
    let house = House::new().await;
    let one = add(&house, "one", "invented", None).await;
    let accounts = &house.gateway.accounts;
    let error = Error::new(Category::RateLimited, "slow");
    accounts.note(&accounts.entry(&one).unwrap(), Outcome::Failure(&error));
    let said = ask(&house).await;
    assert_eq!((said.status, said.past()), (429, vec![("one", "rate_limited")]));
    assert_eq!(said.header("x-switchboard-attempts"), Some("0"));
    for number in 0..40 {
        let id = add(&house, &format!("{number}"), "invented", None).await;
        accounts.note(&accounts.entry(&id).unwrap(), Outcome::Failure(&error));
    }
    add(&house, "ready", "invented", None).await;
    let said = ask(&house).await;
    assert_eq!(said.header("x-proxy-account"), Some("ready"));
    assert_eq!(said.past().len(), 32, "a row stays small however many rest");
}

#[tokio::test]
async fn a_used_up_allowance_and_a_suspension_end_the_line_unless_the_person_says_so() {
    for (fails, status) in [("quota", 429), ("suspended", 403)] {
        let house = House::new().await;
        add(&house, "first", "invented", Some("upstream")).await;
        let spent = add(&house, "spent", "wild", Some(fails)).await;
        add(&house, "other", "wild", None).await;
        let said = ask(&house).await;
        assert_eq!(said.status, status, "{}", said.body);
        assert_eq!(said.past(), [("first", "upstream"), ("first", "upstream"), ("spent", fails)]);
        assert_eq!(said.header("x-proxy-failover"), Some("first:upstream"));
        let state = house.gateway.accounts.get(&spent).unwrap().state;
        assert!(matches!(state, StateView::Exhausted { .. } | StateView::Suspended), "{state:?}");

        // Knowing it beforehand changes nothing.
        let said = ask(&house).await;
        assert_ne!(said.header("x-proxy-account"), Some("other"), "{fails}: {}", said.body);
        let failover = Failover { on_quota: true, ..Failover::default() };
        house.gateway.accounts.set_failover(failover).await.unwrap();
        let said = ask(&house).await;
        assert_eq!(said.header("x-proxy-account"), Some("other"), "{fails}: {}", said.body);
        let past = format!("first:upstream; spent:{fails}");
        assert_eq!(said.header("x-proxy-failover"), Some(past.as_str()));
    }
}

/// Three are throttled together and wait as long as they were told. All coming back at once would be the same again.
#[tokio::test]
async fn of_those_who_waited_out_a_rest_one_goes_first() {
    let house = House::new().await;
    add_with(&house, "one", "invented", json!({"throttles": 3})).await;
    let judge = async {
        let came = || *house.invented.came.borrow();
        house.invented.came.subscribe().wait_for(|came| *came >= 4).await.unwrap();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(came(), 4, "the others see how it fares");
        house.invented.gate.add_permits(3);
    };
    let (one, two, three, ()) = tokio::join!(ask(&house), ask(&house), ask(&house), judge);
    assert_eq!([one.status, two.status, three.status], [200; 3]);
    assert_eq!(*house.invented.came.borrow(), 6);
}
