use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, StreamBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::*;

const HURRIED: Patience = Patience {
    head: Duration::from_millis(300),
    idle: Duration::from_millis(900),
    grace: Duration::from_millis(300),
    linger: Duration::from_millis(500),
};
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A served port whose handler follows the path: `/read` reads the body, `/stall` never answers, `/endless` answers
/// a first piece and no more, everything else answers at once.
struct Served {
    port: u16,
    listening: Listening,
    quit: CancellationToken,
    tasks: TaskTracker,
    capacity: Arc<Capacity>,
    /// Answers and bodies that were dropped before their end.
    left: mpsc::UnboundedReceiver<()>,
    calls: Arc<AtomicUsize>,
}

/// Tells when it is dropped.
struct Leaving(mpsc::UnboundedSender<()>);

impl Drop for Leaving {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

fn serve_with(patience: Patience, capacity: Capacity) -> Served {
    let (left, leaving) = mpsc::unbounded_channel();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let handler = move |connection: &Arc<Connection>, request: Request<Incoming>| {
        count.fetch_add(1, Ordering::SeqCst);
        let guard = Leaving(left.clone());
        let connection = Arc::clone(connection);
        async move {
            let path = request.uri().path().to_owned();
            let mut answer = match path.as_str() {
                "/read" => match request.into_body().collect().await {
                    Ok(body) => {
                        Response::new(Either::Left(Full::new(Bytes::from(body.to_bytes().len().to_string()))))
                    }
                    Err(_) => Response::new(Either::Left(Full::new(Bytes::from_static(b"broken")))),
                },
                "/stall" => {
                    let _guard = guard;
                    std::future::pending().await
                }
                "/endless" => {
                    let mut first = true;
                    Response::new(Either::Right(StreamBody::new(futures_util::stream::poll_fn(move |_| {
                        let _ = &guard;
                        if std::mem::take(&mut first) {
                            let piece = http_body::Frame::data(Bytes::from_static(b"first"));
                            return std::task::Poll::Ready(Some(Ok::<_, Infallible>(piece)));
                        }
                        std::task::Poll::Pending
                    }))))
                }
                _ => Response::new(Either::Left(Full::new(Bytes::from_static(b"hello")))),
            };
            if let Some(flaw) = connection.flaw() {
                *answer.status_mut() = http::StatusCode::BAD_REQUEST;
                *answer.body_mut() = Either::Left(Full::new(Bytes::from_static(flaw.message().as_bytes())));
            }
            if connection.is_last() {
                answer
                    .headers_mut()
                    .insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
            }
            answer
        }
    };
    let sockets = bind("127.0.0.1".parse().unwrap(), 0).unwrap();
    let (quit, tasks, capacity) = (CancellationToken::new(), TaskTracker::new(), Arc::new(capacity));
    // One loop beside this one: every second connection changes sides.
    let loops = Arc::new(Loops::start(1).unwrap());
    let listening = serve(sockets, handler, &capacity, patience, &loops, &quit, &tasks).unwrap();
    tasks.close();
    Served { port: listening.addresses()[0].port(), listening, quit, tasks, capacity, left: leaving, calls }
}

fn served() -> Served {
    serve_with(HURRIED, Capacity::default())
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    /// Sends `text` on a new connection and reads until the server closes.
    async fn exchange(&self, text: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(text).await.unwrap();
        read_all(&mut stream).await
    }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset after the answer is the client's loss only if the answer is missing too.
    let _ =
        tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.expect("closes");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads until `text` has come.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut answer = String::new();
    while !answer.contains(text) {
        let mut piece = [0; 1024];
        let count =
            tokio::time::timeout(Duration::from_secs(5), stream.read(&mut piece)).await.unwrap().unwrap();
        assert_ne!(count, 0, "closed after {answer:?}");
        answer.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    answer
}

#[tokio::test]
async fn both_loopback_addresses_answer_on_one_port() {
    let served = served();
    let ports: Vec<_> = served.listening.addresses().iter().map(SocketAddr::port).collect();
    assert!(ports.iter().all(|port| *port == served.port));
    for address in served.listening.addresses() {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(GET).await.unwrap();
        read_until(&mut stream, "hello").await;
    }
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let served = served();
    let error = bind("127.0.0.1".parse().unwrap(), served.port).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn keeps_a_connection_for_further_requests() {
    let served = served();
    let mut stream = served.connect().await;
    for _ in 0..3 {
        stream.write_all(b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").await.unwrap();
        assert!(read_until(&mut stream, "\r\n\r\n3").await.starts_with("HTTP/1.1 200"));
    }
    assert_eq!(served.capacity.open(), 1);
}

#[tokio::test]
async fn smuggled_heads_are_refused_and_the_connection_closed() {
    let served = served();
    let tail = "GET /second HTTP/1.1\r\nHost: a\r\n\r\n";
    for head in [
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/3.7\r\nHost: a\r\n\r\n",
    ] {
        let answer = served.exchange(format!("{head}{tail}").as_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 400") || answer.starts_with("HTTP/1.0 400"),
            "{head:?}: {answer:?}"
        );
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{head:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_chunked_request_is_the_last_of_its_connection() {
    let served = served();
    let text = "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let answer = served.exchange(format!("{text}GET / HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await;
    assert!(answer.ends_with("\r\n\r\n3"), "{answer:?}");
    assert!(answer.contains("connection: close"), "{answer:?}");
}

#[tokio::test]
async fn heads_have_a_limit_of_size_and_count() {
    let served = served();
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(66 * 1024));
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(101));
    for head in [large, many] {
        let answer = served.exchange(head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer:?}");
    }
    let fits =
        format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: {}\r\n\r\n", "x".repeat(60 * 1024));
    assert!(served.exchange(fits.as_bytes()).await.starts_with("HTTP/1.1 200"));
    assert_eq!(served.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_slow_head_ends_the_connection_however_busy_it_looks() {
    let served = served();
    let start = Instant::now();
    assert_eq!(served.exchange(b"").await, "");
    assert_eq!(served.exchange(b"GET / HTTP/1.1\r\nHost").await, "");
    // A byte now and then does not buy more time, on a connection that has served already.
    let mut stream = served.connect().await;
    stream.write_all(GET).await.unwrap();
    read_until(&mut stream, "hello").await;
    let mut drip = tokio::time::interval(Duration::from_millis(50));
    let dripping = Instant::now();
    while stream.write_all(b"x").await.is_ok() && stream.try_read(&mut [0]).is_err() {
        drip.tick().await;
        assert!(dripping.elapsed() < Duration::from_secs(3), "still open");
    }
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_waiting_one_is_not() {
    let served = served();
    let mut idle = served.connect().await;
    let mut waiting = served.connect().await;
    waiting.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut waiting, "first").await;
    idle.write_all(GET).await.unwrap();
    read_until(&mut idle, "hello").await;
    assert_eq!(read_all(&mut idle).await, "");
    // By now the other one is older than any limit but its own.
    let mut more = [0; 1];
    let read = tokio::time::timeout(Duration::from_millis(1000), waiting.read(&mut more)).await;
    assert!(read.is_err(), "{read:?}");
}

#[tokio::test]
async fn a_client_that_leaves_drops_its_request_at_once() {
    let mut served = serve_with(Patience::default(), Capacity::default());
    for path in ["/stall", "/endless"] {
        let mut stream = served.connect().await;
        stream
            .write_all(format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx").as_bytes())
            .await
            .unwrap();
        if path == "/endless" {
            read_until(&mut stream, "first").await;
        } else {
            while served.calls.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
        }
        drop(stream);
        let left = tokio::time::timeout(Duration::from_secs(1), served.left.recv()).await;
        assert_eq!(left, Ok(Some(())), "{path}");
    }
}

#[tokio::test]
async fn an_early_answer_survives_a_large_unread_body() {
    let served = served();
    let mut stream = served.connect().await;
    let size = 8 * 1024 * 1024;
    stream
        .write_all(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    // Like many clients: everything is sent before anything is read.
    stream.write_all(&vec![b'x'; size]).await.unwrap();
    let answer = read_until(&mut stream, "hello").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let served = serve_with(Patience::default(), Capacity::new(1, 1));
    let mut first = served.connect().await;
    first.write_all(GET).await.unwrap();
    read_until(&mut first, "hello").await;
    let mut second = served.connect().await;
    let answer = read_all(&mut second).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer:?}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}", body.len())), "{answer:?}");
    assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
}

#[tokio::test]
async fn draining_closes_what_is_idle_and_spares_what_is_live() {
    let served = serve_with(Patience::default(), Capacity::default());
    let mut idle = served.connect().await;
    idle.write_all(GET).await.unwrap();
    read_until(&mut idle, "hello").await;
    let mut live = served.connect().await;
    live.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut live, "first").await;
    served.listening.drain();
    assert_eq!(read_all(&mut idle).await, "");
    // The port is free for the next one, and the live answer goes on.
    let again = loop {
        match bind("127.0.0.1".parse().unwrap(), served.port) {
            Ok(sockets) => break sockets,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert!(!again.is_empty());
    assert_eq!(served.capacity.open(), 1);
    assert!(!served.tasks.is_empty());
}

#[tokio::test]
async fn quitting_waits_for_the_grace_and_no_longer() {
    let mut served = served();
    let mut live = served.connect().await;
    live.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut live, "first").await;
    let start = Instant::now();
    served.quit.cancel();
    served.tasks.wait().await;
    let took = start.elapsed();
    assert!(took >= HURRIED.grace && took < HURRIED.grace + Duration::from_secs(2), "{took:?}");
    assert_eq!(served.left.recv().await, Some(()));
    assert_eq!(served.capacity.open(), 0);
}

#[tokio::test]
async fn quitting_without_live_answers_is_immediate() {
    let served = serve_with(Patience { grace: Duration::from_secs(60), ..HURRIED }, Capacity::default());
    let mut idle = served.connect().await;
    idle.write_all(GET).await.unwrap();
    read_until(&mut idle, "hello").await;
    served.quit.cancel();
    tokio::time::timeout(Duration::from_secs(5), served.tasks.wait()).await.unwrap();
}
