//! A listener on this machine for one browser that comes back. It knows one sort of request and answers each with one
//! small page; whether a browser is ours is the machine's to say.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use futures_util::future::{BoxFuture, select_all};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use providers::{Callback, Doorway};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request's head: a code, a state and what browsers add.
const LONGEST: usize = 32 * 1024;

/// For one connection. Browsers open some that they never use.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections at once; more wait.
const MOST: usize = 16;

const TAKEN: (&str, &str) = (
    "Switchboard goes on from here. You can close this window.",
    "Switchboard 会继续完成登录。你可以关闭这个窗口。",
);
const STRANGE: (&str, &str) = (
    "This is not the page of a sign-in that is under way. Start again in Switchboard.",
    "这不是正在进行的登录页面。请在 Switchboard 中重新开始。",
);

/// The open listener.
pub(super) struct Door {
    listeners: Vec<TcpListener>,
    port: u16,
    paths: &'static [&'static str],
    visits: FuturesUnordered<BoxFuture<'static, Option<(Callback, Visitor)>>>,
}

/// A browser that waits for its page.
pub(super) struct Visitor(TcpStream);

impl Door {
    /// Listens on the first port that is free.
    pub(super) async fn open(doorway: Doorway) -> Option<Self> {
        let any = [0];
        for &port in if doorway.ports.is_empty() { &any[..] } else { doorway.ports } {
            let Ok(first) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await else { continue };
            let port = first.local_addr().ok()?.port();
            let mut listeners = vec![first];
            if doorway.both {
                match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
                    Ok(second) => listeners.push(second),
                    // `localhost` would lead to whoever has it there.
                    Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => continue,
                    // This machine has no IPv6.
                    Err(_) => {}
                }
            }
            return Some(Self { listeners, port, paths: doorway.paths, visits: FuturesUnordered::new() });
        }
        None
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// The next browser that comes to one of the paths.
    pub(super) async fn knock(&mut self) -> (Callback, Visitor) {
        loop {
            let accept = select_all(self.listeners.iter().map(|listener| listener.accept().boxed()));
            tokio::select! {
                visit = self.visits.next(), if !self.visits.is_empty() => {
                    if let Some(Some(found)) = visit {
                        return found;
                    }
                }
                (accepted, ..) = accept, if self.visits.len() < MOST => match accepted {
                    Ok((stream, _)) => {
                        let visit = visit(stream, self.port, self.paths);
                        let visit = tokio::time::timeout(PATIENCE, visit);
                        self.visits.push(visit.map(|visit| visit.ok().flatten()).boxed());
                    }
                    // Out of file descriptors, most likely: others must close first.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
            }
        }
    }
}

impl Visitor {
    /// Gives the browser its page.
    pub(super) async fn answer(self, ours: bool) {
        let (status, text) = if ours { ("200 OK", TAKEN) } else { ("400 Bad Request", STRANGE) };
        page(self.0, status, text).await;
    }
}

/// Reads one request; answers those that are none of ours.
async fn visit(
    mut stream: TcpStream,
    port: u16,
    paths: &'static [&'static str],
) -> Option<(Callback, Visitor)> {
    let mut head = Vec::with_capacity(2048);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= LONGEST || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    match read(&head, port, paths) {
        Ok(callback) => Some((callback, Visitor(stream))),
        Err(status) => {
            page(stream, status, STRANGE).await;
            None
        }
    }
}

/// The callback in a request's head, or the status that says why there is none.
fn read(head: &[u8], port: u16, paths: &[&str]) -> Result<Callback, &'static str> {
    const BAD: &str = "400 Bad Request";
    let head = std::str::from_utf8(head).map_err(|_| BAD)?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(BAD);
    };
    let mut hosts = lines
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map(|(_, value)| value.trim().to_ascii_lowercase());
    // A page on the web may name this machine as its own (DNS rebinding).
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(BAD) };
    if !["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host == format!("{name}:{port}")) {
        return Err("403 Forbidden");
    }
    if method != "GET" {
        return Err("405 Method Not Allowed");
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if !paths.contains(&path) {
        return Err("404 Not Found");
    }
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Ok(Callback { path: path.to_owned(), query })
}

async fn page(mut stream: TcpStream, status: &str, (english, chinese): (&str, &str)) {
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Switchboard</title></head>\
         <body><h1>Switchboard</h1><p>{english}</p><p lang=\"zh-CN\">{chinese}</p></body></html>"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         content-security-policy: default-src 'none'; frame-ancestors 'none'\r\nreferrer-policy: no-referrer\r\n\
         x-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // The browser may have gone; it has done its part.
    let _ = tokio::time::timeout(PATIENCE, async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.shutdown().await
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: &[&str] = &["/oauth/callback"];

    fn asked(line: &str, host: &str) -> String {
        format!("{line}\r\nHost: {host}\r\nCookie: a=b\r\n\r\n")
    }

    #[test]
    fn only_a_browser_of_this_machine_that_was_sent_back_is_read() {
        let good = asked("GET /oauth/callback?code=a%2Bb+c&state=s HTTP/1.1", "LocalHost:4000");
        let callback = read(good.as_bytes(), 4000, PATHS).unwrap();
        assert_eq!(callback.path, "/oauth/callback");
        assert_eq!(callback.query, [("code".into(), "a+b c".into()), ("state".into(), "s".into())]);
        for (line, host, status) in [
            ("GET /oauth/callback?code=a HTTP/1.1", "evil.example:4000", "403 Forbidden"),
            ("GET /oauth/callback?code=a HTTP/1.1", "127.0.0.1:4001", "403 Forbidden"),
            ("GET /oauth/callback?code=a HTTP/1.1", "127.0.0.1", "403 Forbidden"),
            ("GET /oauth/callback?code=a HTTP/1.1", "a\r\nHost: b", "400 Bad Request"),
            ("POST /oauth/callback?code=a HTTP/1.1", "127.0.0.1:4000", "405 Method Not Allowed"),
            ("GET /favicon.ico HTTP/1.1", "127.0.0.1:4000", "404 Not Found"),
            ("GET http://127.0.0.1:4000/oauth/callback HTTP/1.1", "127.0.0.1:4000", "404 Not Found"),
            ("GET /oauth/callback x HTTP/1.1", "127.0.0.1:4000", "400 Bad Request"),
            ("GET /oauth/callback HTTP/1.0", "127.0.0.1:4000", "400 Bad Request"),
            ("\u{0}", "127.0.0.1:4000", "400 Bad Request"),
        ] {
            let head = asked(line, host);
            assert_eq!(read(head.as_bytes(), 4000, PATHS).err(), Some(status), "{line} {host}");
        }
        assert_eq!(read(b"GET /oauth/callback HTTP/1.1\r\n\r\n", 4000, PATHS).err(), Some("400 Bad Request"));
    }

    async fn send(port: u16, text: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn connections_that_say_nothing_keep_nobody_out() {
        let mut door = Door::open(Doorway { ports: &[], both: false, paths: PATHS }).await.unwrap();
        let port = door.port();
        assert!(door.listeners.iter().all(|listener| listener.local_addr().unwrap().ip().is_loopback()));
        let mut silent = Vec::new();
        for _ in 0..MOST - 2 {
            silent.push(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap());
        }
        let host = format!("127.0.0.1:{port}");
        let (strange, good) =
            (asked("GET / HTTP/1.1", &host), asked("GET /oauth/callback?code=1 HTTP/1.1", &host));
        let opened = async {
            let (callback, visitor) = door.knock().await;
            visitor.answer(true).await;
            callback
        };
        let (callback, (first, second)) =
            tokio::join!(opened, async { (send(port, &strange).await, send(port, &good).await) });
        assert_eq!(callback.query, [("code".into(), "1".into())]);
        assert!(first.starts_with("HTTP/1.1 404"), "{first}");
        assert!(second.starts_with("HTTP/1.1 200") && second.contains("close this window"), "{second}");
        assert!(second.contains("default-src 'none'"), "{second}");
        drop(door);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err(), "closed after one use");
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port_of = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let ports: &'static [u16] = Vec::leak(vec![port_of(&taken), port_of(&free)]);
        let doorway = Doorway { ports, both: true, paths: PATHS };
        assert!(Door::open(doorway).await.is_none());
        drop(free);
        assert_eq!(Door::open(doorway).await.unwrap().port(), ports[1]);
    }
}
