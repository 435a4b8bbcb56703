use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use http::Request;
use http::header::{AUTHORIZATION, COOKIE};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::super::router;
use crate::house::{House, KEY};

struct Listener {
    stream: BodyDataStream,
    text: String,
}

impl Listener {
    async fn open(api: axum::Router) -> Self {
        let request = Request::builder().uri("/api/events").header(AUTHORIZATION, format!("Bearer {KEY}"));
        let answer = api.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
        let mut listener = Self { stream: answer.into_body().into_data_stream(), text: String::new() };
        assert_eq!(listener.next().await.unwrap().0, "hello");
        listener
    }

    /// Name and data of the next event; `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let Some(name) = line("event: ") else { continue };
                return Some((name.to_owned(), serde_json::from_str(line("data: ").unwrap()).unwrap()));
            }
            self.text.push_str(std::str::from_utf8(&self.stream.next().await?.unwrap()).unwrap());
        }
    }
}

async fn row(house: &House, id: &str) {
    let row = store::LogRow { request_id: id.to_owned(), status: 200, ..store::LogRow::default() };
    house.gateway.sink.record(row);
    house.gateway.logs.flush().await.unwrap();
}

#[tokio::test]
async fn what_happens_is_told() {
    let house = House::new().await;
    let api = router(&house.gateway);
    let mut listener = Listener::open(api.clone()).await;
    row(&house, "req_1").await;
    let (name, data) = listener.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data["row"]["request_id"], &data["row"]["id"]),
        ("request", &json!("req_1"), &json!(1))
    );
    house.gateway.office.pause(true);
    let (name, data) = listener.next().await.unwrap();
    assert_eq!((name.as_str(), &data["paused"]), ("status", &json!(true)));
    super::super::tests::call(&house, "PUT", "/api/settings", json!({"theme": "light"})).await;
    let (name, data) = listener.next().await.unwrap();
    assert_eq!((name.as_str(), &data["theme"]), ("settings", &json!("light")));
    let id = super::super::tests::added(&house, "A").await;
    let (name, data) = listener.next().await.unwrap();
    assert_eq!((name.as_str(), &data["accounts"][0]["id"]), ("accounts", &json!(id)));
    let request = Request::builder().uri(format!("/api/accounts/{id}/quota"));
    let request = request.header(AUTHORIZATION, format!("Bearer {KEY}")).body(Body::empty()).unwrap();
    api.oneshot(request).await.unwrap();
    let (name, data) = listener.next().await.unwrap();
    assert_eq!((name.as_str(), &data["account_id"]), ("quota", &json!(id)));
    house.gateway.office.quit.cancel();
    assert!(listener.next().await.is_none(), "the program ends");
}

#[tokio::test]
async fn who_does_not_keep_up_is_told_so() {
    let house = House::new().await;
    let mut listener = Listener::open(router(&house.gateway)).await;
    for number in 0..100 {
        row(&house, &format!("req_{number}")).await;
    }
    let (name, data) = listener.next().await.unwrap();
    assert_eq!(name, "missed");
    assert!(data["batches"].as_u64().unwrap() > 0, "{data}");
    assert_eq!(listener.next().await.unwrap().0, "request", "and goes on");
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_session() {
    let house = House::new().await;
    let sessions = &house.gateway.office.sessions;
    let token = sessions.invite(house.gateway.now_ms()).unwrap();
    let opened = sessions.open(&token, &http::HeaderMap::new(), None, house.gateway.now_ms()).unwrap();
    let cookie = opened.cookie.split(';').next().unwrap();
    let request = Request::builder().uri("/api/events").header(COOKIE, cookie).body(Body::empty()).unwrap();
    let mut carrying = http::HeaderMap::new();
    carrying.insert(COOKIE, cookie.parse().unwrap());
    let answer = router(&house.gateway).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut stream = answer.into_body().into_data_stream();
    assert!(stream.next().await.is_some());
    assert_eq!(stream.next().await.unwrap().unwrap(), ": still here\n\n");
    sessions.close(&carrying);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn there_is_a_limit_to_listeners() {
    let house = House::new().await;
    let api = router(&house.gateway);
    let mut open = Vec::new();
    for _ in 0..super::STREAMS {
        open.push(Listener::open(api.clone()).await);
    }
    let request = || {
        let request = Request::builder().uri("/api/events").header(AUTHORIZATION, format!("Bearer {KEY}"));
        api.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    assert_eq!(request().await.unwrap().status(), 503);
    open.pop();
    assert_eq!(request().await.unwrap().status(), 200);
}
