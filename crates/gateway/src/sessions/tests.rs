use http::HeaderValue;

use super::*;

const HOUR: i64 = 3_600_000;
const PEER: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

fn carrying(cookie: &str) -> HeaderMap {
    let pair = cookie.split(';').next().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::from_str(&format!("other=1; {pair}")).unwrap());
    headers
}

fn opened(sessions: &Sessions, now: i64) -> HeaderMap {
    let token = sessions.invite(now).unwrap();
    carrying(&sessions.open(&token, &HeaderMap::new(), PEER, now).unwrap().cookie)
}

#[test]
fn a_token_works_once() {
    let sessions = Sessions::new("a");
    let token = sessions.invite(0).unwrap();
    assert_eq!(token.len(), 64);
    let first = sessions.open(&token, &HeaderMap::new(), PEER, 1).unwrap();
    assert!(first.cookie.contains("HttpOnly; SameSite=Strict"), "{}", first.cookie);
    assert_eq!(sessions.find(&carrying(&first.cookie), 2).unwrap().csrf, first.csrf);
    assert_eq!(sessions.open(&token, &HeaderMap::new(), PEER, 3).unwrap_err(), Refused::Wrong);
}

#[test]
fn an_unused_token_ends_after_a_day() {
    let sessions = Sessions::new("a");
    let token = sessions.invite(0).unwrap();
    let late = sessions.open(&token, &HeaderMap::new(), PEER, 24 * HOUR);
    assert_eq!(late.unwrap_err(), Refused::Wrong);
}

#[test]
fn another_instances_cookie_is_nobodys() {
    let (ours, theirs) = (Sessions::new("a"), Sessions::new("b"));
    let headers = opened(&ours, 0);
    assert!(ours.find(&headers, 1).is_some());
    assert!(theirs.find(&headers, 1).is_none());
}

#[test]
fn idle_and_old_sessions_end() {
    let sessions = Sessions::new("a");
    let idle = opened(&sessions, 0);
    assert!(sessions.find(&idle, 11 * HOUR).is_some());
    assert!(sessions.find(&idle, 22 * HOUR).is_some(), "use keeps it awake");
    assert!(sessions.find(&idle, 34 * HOUR).is_none());
    let busy = opened(&sessions, 0);
    for hour in (0..168).step_by(10) {
        assert!(sessions.find(&busy, hour * HOUR).is_some(), "{hour}");
    }
    assert!(sessions.find(&busy, 168 * HOUR).is_none(), "a week is all");
}

#[test]
fn a_new_login_ends_the_session_before() {
    let sessions = Sessions::new("a");
    let before = opened(&sessions, 0);
    let token = sessions.invite(1).unwrap();
    let after = carrying(&sessions.open(&token, &before, PEER, 1).unwrap().cookie);
    assert!(sessions.find(&before, 2).is_none());
    assert!(sessions.find(&after, 2).is_some());
    sessions.close(&after);
    assert!(sessions.find(&after, 3).is_none());
}

#[test]
fn who_guesses_waits_longer_and_longer() {
    let sessions = Sessions::new("a");
    let guess = |now| sessions.open("wrong", &HeaderMap::new(), PEER, now).unwrap_err();
    for _ in 0..5 {
        assert_eq!(guess(0), Refused::Wrong);
    }
    assert_eq!(guess(1), Refused::TooMany { retry_after: Duration::from_millis(59_999) });
    let token = sessions.invite(1).unwrap();
    let other: IpAddr = "::1".parse().unwrap();
    assert!(sessions.open(&token, &HeaderMap::new(), Some(other), 1).is_ok(), "another peer may");
    for _ in 0..5 {
        assert_eq!(guess(60_000), Refused::Wrong);
    }
    assert_eq!(guess(60_000), Refused::TooMany { retry_after: Duration::from_secs(120) });
}

#[test]
fn many_peers_together_wait_too() {
    let sessions = Sessions::new("a");
    for peer in 0..20_u8 {
        let peer = Some(IpAddr::from([192, 168, 1, peer]));
        assert_eq!(sessions.open("wrong", &HeaderMap::new(), peer, 0).unwrap_err(), Refused::Wrong);
    }
    let fresh = Some(IpAddr::from([192, 168, 2, 1]));
    let refused = sessions.open("wrong", &HeaderMap::new(), fresh, 0).unwrap_err();
    assert!(matches!(refused, Refused::TooMany { .. }), "{refused:?}");
}
