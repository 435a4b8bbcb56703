//! The admin password, from the first one to the last session that it ends.

use axum::body::Body;
use futures_util::StreamExt;
use http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::super::{Peer, router};
use super::call;
use super::session::{Browser, json};
use crate::house::{House, KEY};

const PASSWORD: &str = "correct horse";

async fn set(house: &House, password: &Value) -> u16 {
    call(house, "PUT", "/api/password", json!({"password": password})).await.0
}

/// Signs in from `peer`.
async fn shown(house: &House, password: &str, peer: &str) -> axum::response::Response {
    let browser = Browser { peer: Some(peer.parse().unwrap()), ..Browser::default() };
    browser.send(house, "POST", "/api/session", &json!({"password": password})).await
}

#[tokio::test]
async fn without_a_password_none_opens_the_door() {
    let house = House::new().await;
    for (at, password) in ["", "admin", "password", KEY].into_iter().enumerate() {
        let answer = shown(&house, password, &format!("192.0.2.{at}")).await;
        assert_eq!(answer.status(), 401, "{password:?}");
        assert!(!answer.headers().contains_key(SET_COOKIE));
    }
}

#[tokio::test]
async fn the_password_opens_a_session_from_anywhere() {
    let house = House::new().await;
    assert_eq!(set(&house, &json!(PASSWORD)).await, 200);
    let mut browser = Browser { peer: Some("192.0.2.9".parse().unwrap()), ..Browser::default() };
    let before = json(browser.send(&house, "GET", "/api/session", &Value::Null).await).await;
    assert_eq!((&before["authenticated"], &before["needs"]), (&json!(false), &json!("password")));
    let answer = browser.send(&house, "POST", "/api/session", &json!({"password": "correct hors"})).await;
    assert_eq!(json(answer).await["code"], "session_refused");
    let answer = browser.send(&house, "POST", "/api/session", &json!({"password": PASSWORD})).await;
    assert_eq!(answer.status(), 200);
    browser.enter(answer).await;
    assert_eq!(browser.status(&house, "PUT", "/api/settings", json!({"theme": "dark"})).await, 200);
    let known = json(browser.send(&house, "GET", "/api/password", &Value::Null).await).await;
    assert_eq!(known, json!({"set": true, "changed_ms": house.gateway.now_ms(), "asks_current": true}));
}

#[tokio::test]
async fn the_local_key_administrates_on_this_machine_alone() {
    let house = House::new().await;
    for (peer, status) in [("127.0.0.1", 200), ("::1", 200), ("192.0.2.9", 401), ("fd00::2", 401)] {
        let request = Request::builder().uri("/api/accounts").extension(Peer(peer.parse().unwrap()));
        let request = request.header(AUTHORIZATION, format!("Bearer {KEY}")).body(Body::empty()).unwrap();
        let answer = router(&house.gateway).oneshot(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{peer}");
    }
}

#[tokio::test]
async fn who_guesses_is_locked_out_even_with_the_right_one() {
    let house = House::new().await;
    set(&house, &json!(PASSWORD)).await;
    for _ in 0..5 {
        assert_eq!(shown(&house, "guess", "192.0.2.7").await.status(), 401);
    }
    let answer = shown(&house, PASSWORD, "192.0.2.7").await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"60".parse().unwrap()));
    assert_eq!(json(answer).await["code"], "session_too_many_tries");
    assert_eq!(shown(&house, PASSWORD, "192.0.2.8").await.status(), 200, "somebody else is not");
    house.clock.pass(60);
    assert_eq!(shown(&house, PASSWORD, "192.0.2.7").await.status(), 200);
}

#[tokio::test]
async fn guesses_that_come_at_once_are_no_more_than_those_one_by_one() {
    let house = House::new().await;
    set(&house, &json!(PASSWORD)).await;
    let guesses = (0..100).map(|_| shown(&house, "guess", "fd00::7"));
    let answers = futures_util::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|answer| answer.status() == 401).count();
    assert_eq!((looked_at, answers.len()), (5, 100));
    assert_eq!(shown(&house, PASSWORD, "fd00::8").await.status(), 429, "an address of the same network");
}

#[tokio::test]
async fn a_new_password_ends_every_session_but_the_one_that_set_it() {
    let house = House::new().await;
    let mut person = Browser::default();
    person.sign_in(&house).await;
    let mut other = Browser::default();
    other.sign_in(&house).await;
    let unused = house.gateway.invitation().unwrap();
    let request = Request::builder().uri("/api/events").header(COOKIE, other.cookie.as_ref().unwrap());
    let request = request.body(Body::empty()).unwrap();
    let mut stream = router(&house.gateway).oneshot(request).await.unwrap().into_body().into_data_stream();
    assert!(stream.next().await.is_some());

    let before = person.cookie.clone();
    let answer = person.send(&house, "PUT", "/api/password", &json!({"password": PASSWORD})).await;
    assert_eq!(answer.status(), 200);
    person.enter(answer).await;
    assert_ne!(person.cookie, before);
    assert_eq!(person.status(&house, "PUT", "/api/settings", json!({"theme": "dark"})).await, 200);
    assert_eq!(other.status(&house, "GET", "/api/settings", Value::Null).await, 401);
    assert!(stream.next().await.is_none(), "what was open is closed, at once");
    let old = Browser { cookie: before, ..Browser::default() };
    assert_eq!(old.status(&house, "GET", "/api/settings", Value::Null).await, 401);
    let token = unused.split_once("#token=").unwrap().1;
    let answer = other.send(&house, "POST", "/api/session", &json!({"token": token})).await;
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn who_came_in_with_the_password_must_know_it_to_change_it() {
    let house = House::new().await;
    set(&house, &json!(PASSWORD)).await;
    let mut browser = Browser { peer: Some("192.0.2.9".parse().unwrap()), ..Browser::default() };
    let answer = browser.send(&house, "POST", "/api/session", &json!({"password": PASSWORD})).await;
    browser.enter(answer).await;
    for change in [
        json!({"password": "another one"}),
        json!({"password": "another one", "current": "wrong"}),
        json!({"password": null}),
    ] {
        let answer = browser.send(&house, "PUT", "/api/password", &change).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{change}");
        assert_eq!(json(answer).await["code"], "password_wrong");
    }
    let short = json!({"password": "short", "current": PASSWORD});
    assert_eq!(
        json(browser.send(&house, "PUT", "/api/password", &short).await).await["code"],
        "password_short"
    );
    let change = json!({"password": "another one", "current": PASSWORD});
    let answer = browser.send(&house, "PUT", "/api/password", &change).await;
    assert_eq!(answer.status(), 200);
    browser.enter(answer).await;
    let removal = json!({"password": null, "current": "another one"});
    assert_eq!(browser.status(&house, "PUT", "/api/password", removal).await, 200);
    assert!(!house.gateway.office.passwords.is_set());
}

#[tokio::test]
async fn other_machines_are_let_in_only_with_a_password_which_then_stays() {
    let house = House::new().await;
    let wide = json!({"bind": "0.0.0.0", "allow_lan": true});
    let (status, answer) = call(&house, "PUT", "/api/settings", wide.clone()).await;
    assert_eq!((status, &answer["code"]), (409, &json!("password_needed")), "{answer}");
    set(&house, &json!(PASSWORD)).await;
    let (status, answer) = call(&house, "PUT", "/api/settings", json!({"bind": "0.0.0.0"})).await;
    assert_eq!((status, &answer["code"]), (400, &json!("setting_invalid")), "not confirmed: {answer}");
    assert_eq!(call(&house, "PUT", "/api/settings", wide).await.0, 200);
    assert_eq!(set(&house, &Value::Null).await, 409);
    assert!(house.gateway.office.passwords.is_set());
    let home = json!({"bind": "127.0.0.1", "allow_lan": false});
    assert_eq!(call(&house, "PUT", "/api/settings", home).await.0, 200);
    assert_eq!(set(&house, &Value::Null).await, 200);
}
