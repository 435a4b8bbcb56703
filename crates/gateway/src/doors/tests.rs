use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::admin;
use crate::house::{House, KEY};

fn doors(house: &House) -> Arc<Doors> {
    let quit = house.gateway.office.quit.clone();
    let loops = Arc::new(Loops::start(1).unwrap());
    Doors::new(&house.gateway, admin::router(&house.gateway), &loops, &quit, &TaskTracker::new())
}

fn port(house: &House) -> u16 {
    house.gateway.addresses.load()[0].port()
}

async fn ask(port: u16, head: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let text = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_proxy_moves_and_who_is_inside_is_served() {
    let house = House::new().await;
    let doors = doors(&house);
    doors.open_proxy(LOOPBACK, 0).await.unwrap();
    let before = port(&house);
    // A request that has begun at the old door.
    let mut inside = TcpStream::connect(("127.0.0.1", before)).await.unwrap();
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nx-api-key: {KEY}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    );
    inside.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0_u8; 25];
    inside.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    let mut changes = house.gateway.office.subscribe();
    doors.open_proxy(LOOPBACK, 0).await.unwrap();
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    assert_ne!(port(&house), before);
    assert!(ask(port(&house), "GET /health HTTP/1.1").await.starts_with("HTTP/1.1 200"));
    inside.write_all(b"{}").await.unwrap();
    let mut rest = String::new();
    inside.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("HTTP/1.1 400"), "{rest}");
    // The old sockets go when their accept loops have seen that they shall.
    while TcpStream::connect(("127.0.0.1", before)).await.is_ok() {}
}

#[tokio::test]
async fn a_taken_port_changes_nothing_and_names_its_owner() {
    let house = House::new().await;
    let doors = doors(&house);
    doors.open_proxy(LOOPBACK, 0).await.unwrap();
    let before = port(&house);
    let other = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = doors.open_proxy(LOOPBACK, other.local_addr().unwrap().port()).await.unwrap_err();
    assert!(taken.is_taken());
    assert_eq!(taken.owner.is_some(), cfg!(target_os = "linux"));
    assert_eq!(port(&house), before);
    assert!(ask(before, "GET /health HTTP/1.1").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn the_same_port_moves_to_other_addresses() {
    let house = House::new().await;
    let doors = doors(&house);
    doors.open_proxy(LOOPBACK, 0).await.unwrap();
    let before = port(&house);
    let everywhere = "0.0.0.0".parse().unwrap();
    let refused = doors.open_proxy(everywhere, before).await.unwrap_err();
    assert!(refused.error.to_string().contains("admin password"), "{refused:?}");
    let gateway = &house.gateway;
    gateway.office.passwords.set(&gateway.core, llm::Secret::new("correct horse"), 0).await.unwrap();
    doors.open_proxy(everywhere, before).await.unwrap();
    assert_eq!(port(&house), before);
    assert!(house.gateway.addresses.load()[0].ip().is_unspecified());
    assert!(ask(before, "GET /health HTTP/1.1").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn a_door_that_stays_shut_is_tried_again() {
    let house = House::new().await;
    house.gateway.addresses.store(Arc::default());
    let doors = doors(&house);
    let other = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let wanted = other.local_addr().unwrap().port();
    let mut changes = house.gateway.office.subscribe();
    doors.insist(LOOPBACK, wanted).await;
    assert_eq!(house.gateway.office.port_problem().unwrap().port, wanted);
    assert!(house.gateway.addresses.load().is_empty());
    changes.mark_unchanged();
    drop(other);
    while house.gateway.office.port_problem().is_some() {
        changes.changed().await.unwrap();
    }
    assert_eq!(port(&house), wanted);
}

#[tokio::test]
async fn each_door_serves_what_belongs_behind_it() {
    const PERSON: &str = "HTTP/1.1\r\nAccept: text/html";
    let house = House::new().await;
    let doors = doors(&house);
    let window = doors.open_admin(0).await.unwrap().port();
    doors.open_proxy(LOOPBACK, 0).await.unwrap();
    let proxy = port(&house);
    assert!(ask(window, &format!("GET / {PERSON}")).await.contains("no window"));
    assert!(ask(window, &format!("GET /logs {PERSON}")).await.contains("no window"));
    assert!(ask(window, "GET /v1/models HTTP/1.1").await.starts_with("HTTP/1.1 404"));
    assert!(ask(window, "GET /api/status HTTP/1.1").await.starts_with("HTTP/1.1 401"));
    assert!(ask(proxy, &format!("GET / {PERSON}")).await.ends_with("{}"));
    assert!(ask(proxy, "GET /v1/models HTTP/1.1").await.starts_with("HTTP/1.1 401"));
    // The window may chat with the proxy, and no other page may.
    for (origin, status) in [(window, "HTTP/1.1 401"), (proxy.wrapping_add(1), "HTTP/1.1 403")] {
        let head = format!(
            "GET /v1/models HTTP/1.1\r\nOrigin: http://127.0.0.1:{origin}\r\nSec-Fetch-Site: same-site"
        );
        let answer = ask(proxy, &head).await;
        assert!(answer.starts_with(status), "{answer}");
        let named = answer.contains(&format!("access-control-allow-origin: http://127.0.0.1:{origin}"));
        assert_eq!(named, origin == window, "{answer}");
    }
}

#[tokio::test]
async fn one_door_serves_pages_and_requests() {
    let house = House::new().await;
    let doors = doors(&house);
    doors.open_proxy(LOOPBACK, 0).await.unwrap();
    let answer = ask(port(&house), "GET / HTTP/1.1\r\nAccept: text/html").await;
    assert!(answer.contains("no window") && answer.contains("content-security-policy"), "{answer}");
    // What clients ask before they begin is no person.
    assert!(ask(port(&house), "GET / HTTP/1.1\r\nAccept: */*").await.ends_with("{}"));
    assert!(
        ask(port(&house), "GET /v1/models HTTP/1.1\r\nAccept: text/html").await.starts_with("HTTP/1.1 401")
    );
}
