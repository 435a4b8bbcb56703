use bench::reply::{Interface, Reply};

use super::*;

const PIECES: usize = 12;

fn reply(interface: Interface) -> Reply {
    interface.reply(PIECES, 20)
}

fn expected(dialect: Dialect, stream: bool) -> Expected {
    Expected::new(dialect, stream, false, PIECES, 20)
}

/// Gives `body` in parts of `size` bytes.
fn judge(expected: &Expected, number: u64, body: &[u8], size: usize) -> Result<Arrival, Failure> {
    let mut check = Check::new(expected, number);
    check.head(200, expected.stream);
    for part in body.chunks(size) {
        check.data(part, Instant::now())?;
    }
    check.verdict()
}

#[test]
fn right_answers_pass_in_any_pieces() {
    for (dialect, interface) in [
        (Dialect::Anthropic, Interface::Messages),
        (Dialect::Invoke, Interface::Invoke),
        (Dialect::Converse, Interface::Converse),
        (Dialect::AmazonQ, Interface::AmazonQ),
    ] {
        let reply = reply(interface);
        let body = reply.frames.concat();
        let streamed = expected(dialect, true);
        for (number, size) in [1, 7, 64, 1000, body.len()].into_iter().enumerate() {
            let arrival = judge(&streamed, number as u64, &body, size).unwrap();
            assert!(arrival.first_text.is_some());
        }
        // From a service that only streams, a stream is what even that client gets.
        let (whole, unstreamed) = (reply.json.as_deref().unwrap_or(&body), expected(dialect, false));
        for number in 0..3 {
            judge(&unstreamed, number, whole, whole.len()).unwrap();
        }
    }
}

#[test]
fn openai_chunks_pass_under_any_id() {
    let streamed = expected(Dialect::Openai, true);
    for id in 0..3 {
        let chunk = |rest: &str| {
            format!("data: {{\"id\":\"chatcmpl-{id}\",\"created\":{id},\"choices\":[{rest}]}}\n\n")
        };
        let mut body = chunk("{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}");
        for piece in 0..PIECES {
            let content = serde_json::Value::from(text::piece(piece, 20));
            body += &chunk(&format!(
                "{{\"index\":0,\"delta\":{{\"content\":{content}}},\"finish_reason\":null}}"
            ));
        }
        let stop = chunk("{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}");
        judge(&streamed, id, format!("{body}{stop}data: [DONE]\n\n").as_bytes(), 50).unwrap();
        let missing = judge(&streamed, id, format!("{body}{stop}").as_bytes(), 50);
        assert_eq!(missing.err().as_deref(), Some("no end mark"));
        let unstopped = judge(&streamed, id, format!("{body}data: [DONE]\n\n").as_bytes(), 50);
        assert_eq!(unstopped.err().as_deref(), Some("no stop reason"));
    }
}

/// Every way to lose, repeat or change a part is seen, before and after the events are learned.
#[test]
fn wrong_answers_fail() {
    let right = reply(Interface::Messages);
    let frames: Vec<&[u8]> = right.frames.iter().map(|frame| &frame[..]).collect();
    let streamed = expected(Dialect::Anthropic, true);
    for number in [0, 1, 17] {
        for at in 0..frames.len() {
            let without: Vec<&[u8]> = [&frames[..at], &frames[at + 1..]].concat();
            let harmless = [1, PIECES + 2].contains(&at);
            assert_eq!(judge(&streamed, number, &without.concat(), 99).is_ok(), harmless, "without {at}");
            let cut = judge(&streamed, number, &frames[..at].concat(), 99);
            assert!(cut.is_err(), "cut before {at}");
        }
        let mut swapped = frames.clone();
        swapped.swap(5, 6);
        assert_eq!(judge(&streamed, number, &swapped.concat(), 99).err().as_deref(), Some("wrong text"));
        let twice = [&frames[..], &frames[frames.len() - 1..]].concat();
        assert_eq!(
            judge(&streamed, number, &twice.concat(), 99).err().as_deref(),
            Some("more after the end")
        );
        judge(&streamed, number, &frames.concat(), 99).unwrap();
    }
}

/// Kiro's stream has its end mark in the last frame and its stop reason in the one before.
#[test]
fn kiro_streams_that_lack_a_part_fail() {
    let right = reply(Interface::AmazonQ);
    let streamed = expected(Dialect::AmazonQ, true);
    for at in 0..right.frames.len() {
        let mut frames = right.frames.clone();
        frames.remove(at);
        let harmless = at == right.pieces.end;
        assert_eq!(judge(&streamed, 0, &frames.concat(), 99).is_ok(), harmless, "without {at}");
    }
}

#[test]
fn damage_within_a_frame_is_seen() {
    let body = reply(Interface::Invoke).frames.concat();
    let streamed = expected(Dialect::Invoke, true);
    judge(&streamed, 1, &body, 512).unwrap();
    for at in (0..body.len()).step_by(13) {
        let mut damaged = body.clone();
        damaged[at] ^= 4;
        assert!(judge(&streamed, 2, &damaged, 512).is_err(), "byte {at}");
    }
}

#[test]
fn stamps_become_lags() {
    let streamed = Expected::new(Dialect::Anthropic, true, true, 2, 24);
    let ends = reply(Interface::Messages);
    let late = stamp::now() - 5_000_000;
    let piece = Interface::Messages.piece(&stamp::write(late, 24));
    let mut frames = vec![&ends.frames[0], &piece, &piece];
    frames.extend(&ends.frames[ends.pieces.end..]);
    let body: Vec<u8> = frames.into_iter().flatten().copied().collect();
    let arrival = judge(&streamed, 0, &body, 40).unwrap();
    assert_eq!(arrival.lags.len(), 2);
    assert!(arrival.lags.iter().all(|lag| *lag >= 5_000_000));
}

#[test]
fn errors_are_no_answers() {
    let streamed = expected(Dialect::Openai, true);
    let mut check = Check::new(&streamed, 0);
    check.head(429, false);
    assert_eq!(check.verdict().err().as_deref(), Some("status 429"));
    let mut check = Check::new(&streamed, 0);
    check.head(200, false);
    assert_eq!(check.verdict().err().as_deref(), Some("no stream"));
    let error = b"data: {\"error\":{\"message\":\"Overloaded\"}}\n\n";
    assert_eq!(judge(&streamed, 0, error, 9).err().as_deref(), Some("error in the stream"));
}
