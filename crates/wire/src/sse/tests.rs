use proptest::prelude::*;

use super::*;

fn parse(chunks: &[&[u8]]) -> Vec<SseEvent> {
    let mut parser = SseParser::new(10_000);
    let mut events = Vec::new();
    for chunk in chunks {
        parser.push(chunk);
        while let Some(event) = parser.next().expect("small events") {
            events.push(event);
        }
    }
    events
}

fn event(name: &str, data: &str) -> SseEvent {
    SseEvent { name: name.to_owned(), data: Bytes::copy_from_slice(data.as_bytes()) }
}

#[test]
fn reads_every_line_end() {
    let lf = "\u{feff}: hello\nevent: a\ndata: 1\n\ndata:2\n\n";
    let expected = vec![event("a", "1"), event("", "2")];
    for text in [lf.to_owned(), lf.replace('\n', "\r\n"), lf.replace('\n', "\r")] {
        assert_eq!(parse(&[text.as_bytes()]), expected, "{text:?}");
    }
}

#[test]
fn several_data_lines_are_one_text() {
    assert_eq!(parse(&[b"data: a\ndata:\ndata:  b\nid: 7\nretry: 3\n\n"]), vec![event("", "a\n\n b")]);
}

#[test]
fn an_event_without_data_is_none() {
    assert_eq!(parse(&[b"event: lonely\n\ndata: x\n\n"]), vec![event("", "x")]);
}

#[test]
fn an_unfinished_event_is_not_given_and_not_idle() {
    let mut parser = SseParser::new(100);
    parser.push(b"data: x\n");
    assert_eq!(parser.next().expect("small"), None);
    assert!(!parser.is_idle());
    parser.push(b"\n");
    assert_eq!(parser.next().expect("small"), Some(event("", "x")));
    assert!(parser.is_idle());
}

#[test]
fn too_much_is_refused() {
    let long = [b"data: ".as_slice(), &[b'x'; 200]].concat();
    let mut unfinished = SseParser::new(100);
    unfinished.push(&long);
    assert_eq!(unfinished.next().expect_err("too long").category, Category::Upstream);

    let mut lines = SseParser::new(100);
    lines.push("data: 0123456789\n".repeat(20).as_bytes());
    assert_eq!(lines.next().expect_err("too long").category, Category::Upstream);
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_events(
        lines in prop::collection::vec(
            prop_oneof![
                Just(String::new()),
                "(data|event|id|: note|dat):? ?[a-zé{}\" :]{0,12}",
            ],
            0..30,
        ),
        ends in prop::collection::vec(prop_oneof![Just("\n"), Just("\r\n"), Just("\r")], 30),
        cuts in prop::collection::vec(1_usize..9, 1..40),
    ) {
        let mut text = String::new();
        for (line, end) in lines.iter().zip(&ends) {
            text.push_str(line);
            text.push_str(end);
        }
        let bytes = text.as_bytes();
        let whole = parse(&[bytes]);
        let mut chunks = Vec::new();
        let mut rest = bytes;
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at((*cut).min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        prop_assert_eq!(parse(&chunks), whole);
    }

    #[test]
    fn survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut parser = SseParser::new(50);
        parser.push(&bytes);
        while let Ok(Some(_)) = parser.next() {}
    }
}
