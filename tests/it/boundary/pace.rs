//! Heads and bodies that come late, early, or not at all.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use super::knock::{Knock, ROUTES, Route};
use crate::harness::{KEY, PATIENCE, TestApp};

/// The head of a good request, without the empty line at its end.
fn head(route: &Route, more: &str) -> String {
    let Route { method, path, .. } = route;
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {KEY}\r\nanthropic-version: 2023-06-01\r\n\
         Content-Type: application/json\r\n{more}"
    )
}

#[tokio::test]
async fn a_head_that_drips_ends_its_connection_on_every_route() {
    let app = TestApp::start().await;
    let knock = Knock::at(&app);
    let mut drips = JoinSet::new();
    for route in ROUTES {
        let mut stream = knock.connect().await;
        drips.spawn(async move {
            let started = Instant::now();
            stream.write_all(head(route, "X: ").as_bytes()).await.expect("sent");
            let mut answer = Vec::new();
            let mut piece = [0; 1024];
            loop {
                // A byte now and then keeps a naive server waiting for ever.
                let read = tokio::time::timeout(Duration::from_millis(500), stream.read(&mut piece)).await;
                match read {
                    Ok(Ok(0) | Err(_)) => return (started.elapsed(), answer),
                    Ok(Ok(count)) => answer.extend_from_slice(&piece[..count]),
                    Err(_) => {
                        let _ = stream.write_all(b"y").await;
                    }
                }
                assert!(started.elapsed() < PATIENCE, "{route:?} waits");
            }
        });
    }
    while let Some(ended) = drips.join_next().await {
        let (took, answer) = ended.expect("no panic");
        assert!((8..25).contains(&took.as_secs()), "{took:?}");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    // Nobody else had to wait for them.
    assert_eq!(app.get("/health").await.status, 200);
    app.stop().await;
}

#[tokio::test]
async fn the_body_is_asked_for_only_when_it_will_be_read() {
    let app = TestApp::start().await;
    let knock = Knock::at(&app);
    for route in ROUTES.iter().filter(|route| route.body.is_some()) {
        let body = route.body.unwrap_or_default();
        let expect = |length: usize| format!("Expect: 100-continue\r\nContent-Length: {length}\r\n");

        // A stranger is told so at once, and is not asked for more.
        let strange = head(route, &expect(body.len())).replace("Host: localhost", "Host: evil.test");
        let answer = knock.raw(&format!("{strange}\r\n")).await;
        assert_eq!(answer.status, 403, "{route:?}: {answer:?}");
        assert!(!answer.text.contains("100 Continue"), "{route:?}: {answer:?}");
        answer.tells_nothing(route);

        // And so is who announces too much, where a body is read at all.
        if route.status == 200 && route.path != "/api/event_logging/batch" {
            let answer = knock.raw(&format!("{}\r\n", head(route, &expect(33 << 20)))).await;
            assert_eq!(answer.status, 413, "{route:?}: {answer:?}");
            assert!(!answer.text.contains("100 Continue"), "{route:?}: {answer:?}");
        }

        // Others are asked, and answered.
        let mut stream = knock.connect().await;
        let close = format!("Connection: close\r\n{}", expect(body.len()));
        stream.write_all(format!("{}\r\n", head(route, &close)).as_bytes()).await.expect("sent");
        let mut text = String::new();
        let mut piece = [0; 4096];
        while !text.contains("\r\n\r\n") {
            let count = read(&mut stream, &mut piece).await;
            assert!(count > 0, "{route:?} closes after {text:?}");
            text.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
        if text.starts_with("HTTP/1.1 100 Continue\r\n") {
            stream.write_all(body.as_bytes()).await.expect("sent");
            text.clear();
        } else {
            assert!(
                route.status == 404 || route.path == "/api/event_logging/batch",
                "{route:?} does not ask: {text}"
            );
        }
        loop {
            match read(&mut stream, &mut piece).await {
                0 => break,
                count => text.push_str(&String::from_utf8_lossy(&piece[..count])),
            }
        }
        assert!(text.starts_with(&format!("HTTP/1.1 {} ", route.status)), "{route:?}: {text}");
    }
    app.stop().await;
}

async fn read(stream: &mut tokio::net::TcpStream, piece: &mut [u8]) -> usize {
    // A reset after the answer is an end as well.
    tokio::time::timeout(PATIENCE, stream.read(piece)).await.expect("in time").unwrap_or(0)
}

#[tokio::test]
async fn requests_in_a_row_are_each_judged() {
    let app = TestApp::start().await;
    let knock = Knock::at(&app);
    let whole = |route: &Route, host: &str, more: &str| {
        let body = route.body.unwrap_or_default();
        let length = match route.body {
            Some(body) => format!("Content-Length: {}\r\n", body.len()),
            None => String::new(),
        };
        let head =
            head(route, &format!("{length}{more}")).replace("Host: localhost", &format!("Host: {host}"));
        format!("{head}\r\n{body}")
    };
    let health = &ROUTES[0];
    assert_eq!(health.path, "/health");
    for route in ROUTES {
        // Sent at once, without waiting for any answer.
        let row = [
            whole(route, "localhost", ""),
            whole(route, "evil.test", ""),
            whole(route, "localhost", ""),
            whole(health, "localhost", "Connection: close\r\n"),
        ];
        let answer = knock.raw(&row.concat()).await;
        let statuses: Vec<&str> = answer
            .text
            .match_indices("HTTP/1.1 ")
            .filter_map(|(at, found)| answer.text.get(at + found.len()..at + found.len() + 3))
            .collect();
        let good = route.status.to_string();
        assert_eq!(statuses, [good.as_str(), "403", &good, "200"], "{route:?}: {answer:?}");

        // What is wrong with one of them ends the row.
        let row = [
            whole(route, "localhost", ""),
            whole(route, "localhost", "Host: localhost\r\n"),
            whole(health, "localhost", "Connection: close\r\n"),
        ];
        let answer = knock.raw(&row.concat()).await;
        let count = answer.text.matches("HTTP/1.1 ").count();
        assert!(
            count <= 2 && !answer.text.contains("\"service\"") || route.path == "/health",
            "{route:?}: {answer:?}"
        );
    }
    app.stop().await;
}
