use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn request(address: SocketAddr, payload: Payload) -> Outgoing {
    Outgoing {
        method: Method::POST,
        url: format!("http://{address}/x%3Ay").parse().unwrap(),
        headers: HeaderMap::new(),
        payload,
    }
}

fn http(options: HttpOptions) -> Http {
    Http::new(options).unwrap()
}

/// Reads a request up to the end of its body, which is `length` bytes long.
async fn read_request(socket: &mut TcpStream, length: usize) -> (String, Vec<u8>) {
    let mut all = Vec::new();
    loop {
        if let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n")
            && all.len() >= end + 4 + length
        {
            return (String::from_utf8(all[..end].to_vec()).unwrap(), all[end + 4..].to_vec());
        }
        assert_ne!(socket.read_buf(&mut all).await.unwrap(), 0, "the client closed");
    }
}

#[tokio::test]
async fn a_body_in_pieces_arrives_whole_and_measured() {
    let (listener, address) = listener().await;
    let mut payload = Payload::new();
    let mut wanted = Vec::new();
    for byte in b'a'..=b'e' {
        let piece = vec![byte; 30_000];
        wanted.extend_from_slice(&piece);
        payload.push(piece);
    }
    let length = payload.len();
    let client = http(HttpOptions::default());
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let got = read_request(&mut socket, length).await;
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-a: b\r\n\r\nhi").await.unwrap();
        got
    };
    let (answer, (head, body)) = tokio::join!(client.send(request(address, payload)), server);
    let answer = answer.unwrap();
    assert_eq!((answer.status(), answer.header("x-a")), (200, Some("b")));
    assert_eq!(answer.read(10).await.unwrap(), "hi");
    assert_eq!(body, wanted);
    let head = head.to_lowercase();
    assert!(head.starts_with("post /x%3ay http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-length: 150000"), "{head}");
    assert!(head.contains(concat!("\r\nuser-agent: switchboard/", env!("CARGO_PKG_VERSION"))), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let (listener, address) = listener().await;
    let client = http(HttpOptions::default());
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket, 0).await;
        socket
            .write_all(b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
    };
    let (answer, ()) = tokio::join!(client.send(request(address, Payload::new())), server);
    assert_eq!(answer.unwrap().status(), 307);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let (listener, address) = listener().await;
    drop(listener);
    let error = http(HttpOptions::default()).send(request(address, Payload::new())).await.unwrap_err();
    assert_eq!(error.category, Category::Unreachable);
    assert!(!error.message.contains("http://"), "{}", error.message);
}

#[tokio::test]
async fn a_connection_lost_before_the_answer_is_the_upstreams_fault() {
    let (listener, address) = listener().await;
    let client = http(HttpOptions::default());
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket, 0).await;
    };
    let (answer, ()) = tokio::join!(client.send(request(address, Payload::new())), server);
    assert_eq!(answer.unwrap_err().category, Category::Upstream);
}

#[tokio::test]
async fn a_silent_upstream_is_given_up_before_and_within_the_answer() {
    let (listener, address) = listener().await;
    let options = HttpOptions {
        patience: Patience { first_byte: Duration::from_millis(50), chunk: Duration::from_millis(60) },
        ..HttpOptions::default()
    };
    let client = http(options);
    let server = async {
        let (mut first, _) = listener.accept().await.unwrap();
        read_request(&mut first, 0).await;
        let (mut second, _) = listener.accept().await.unwrap();
        read_request(&mut second, 0).await;
        second.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello").await.unwrap();
        (first, second)
    };
    let asking = async {
        let error = client.send(request(address, Payload::new())).await.unwrap_err();
        assert_eq!(error.category, Category::Timeout);
        let mut body = client.send(request(address, Payload::new())).await.unwrap().into_stream();
        assert_eq!(body.next().await.unwrap().unwrap(), "hello");
        assert_eq!(body.next().await.unwrap().unwrap_err().category, Category::Timeout);
    };
    tokio::join!(asking, server);
}

#[tokio::test]
async fn an_answer_cut_short_is_truncated() {
    let (listener, address) = listener().await;
    let client = http(HttpOptions::default());
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket, 0).await;
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello").await.unwrap();
    };
    let asking = async {
        let answer = client.send(request(address, Payload::new())).await.unwrap();
        assert_eq!(answer.read(100).await.unwrap_err().category, Category::Truncated);
    };
    tokio::join!(asking, server);
}

#[tokio::test]
async fn dropping_an_answer_closes_the_connection() {
    let (listener, address) = listener().await;
    let client = http(HttpOptions::default());
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket, 0).await;
        socket
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
            .await
            .unwrap();
        let mut rest = Vec::new();
        // Ends only when the client closes.
        let _ = socket.read_to_end(&mut rest).await;
    };
    let asking = async {
        let mut body = client.send(request(address, Payload::new())).await.unwrap().into_stream();
        assert_eq!(body.next().await.unwrap().unwrap(), Bytes::from_static(b"hello"));
    };
    tokio::time::timeout(Duration::from_secs(5), async { tokio::join!(asking, server) }).await.unwrap();
}

#[tokio::test]
async fn an_answer_longer_than_the_limit_is_refused() {
    let (listener, address) = listener().await;
    let client = http(HttpOptions::default());
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket, 0).await;
        socket
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
            .await
            .unwrap();
    };
    let asking = async {
        let answer = client.send(request(address, Payload::new())).await.unwrap();
        assert_eq!(answer.read(4).await.unwrap_err().category, Category::Upstream);
    };
    tokio::join!(asking, server);
}

#[test]
fn a_file_without_certificates_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, "not a certificate").unwrap();
    for ca_file in [path, folder.path().join("missing.pem")] {
        let error = Http::new(HttpOptions { ca_file: Some(ca_file), ..HttpOptions::default() }).unwrap_err();
        assert_eq!(error.category, Category::InvalidRequest);
    }
}

#[test]
fn no_proxy_for_addresses_nearby() {
    for near in [
        "http://127.0.0.1:1",
        "http://[::1]",
        "http://169.254.169.254",
        "http://localhost",
        "https://a.localhost./x",
    ] {
        assert!(is_nearby(&near.parse().unwrap()), "{near}");
    }
    for far in ["https://bedrock.us-east-1.amazonaws.com", "http://10.0.0.1", "http://localhost.example"] {
        assert!(!is_nearby(&far.parse().unwrap()), "{far}");
    }
}
