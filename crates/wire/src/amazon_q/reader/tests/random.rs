//! What no example thinks of: any cutting of the bytes, and any events at all.

use super::*;

/// Members in any mixture, also of wrong kinds.
fn payload() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        json!("<think>"),
        json!("</think>\n\n"),
        json!("a END"),
        json!("好 b"),
        json!("{\"a\":1}"),
        json!("{"),
        json!(""),
        json!("END_TURN"),
        json!("MALFORMED_TOOL_USE"),
        json!("t1"),
        json!("t2"),
        json!(null),
        json!(true),
        json!(0.5),
        json!({"outputTokens": 3}),
    ]);
    let names = prop::sample::select(vec![
        "content",
        "modelId",
        "text",
        "signature",
        "redactedContent",
        "toolUseId",
        "name",
        "input",
        "stop",
        "contextUsagePercentage",
        "tokenUsage",
        "stopReason",
        "usage",
        "message",
    ]);
    let members = prop::collection::vec((names, words), 0..5);
    members.prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn frames() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let kinds = prop::sample::select(vec![
        "assistantResponseEvent",
        "reasoningContentEvent",
        "toolUseEvent",
        "toolUseEvent",
        "metadataEvent",
        "contextUsageEvent",
        "meteringEvent",
        "messageMetadataEvent",
        "otherEvent",
    ]);
    prop::collection::vec((kinds, payload()).prop_map(|(kind, payload)| frame(kind, &payload)), 0..16)
}

fn back() -> impl Strategy<Value = WayBack> {
    (any::<[bool; 4]>(), prop::option::of(0_u32..9)).prop_map(
        |([tagged_thinking, stops, answer_tool, fence], max_tokens)| WayBack {
            undo: Undo { answer_tool, fence, ..Undo::default() },
            tagged_thinking,
            stop: if stops { vec!["END".into(), "}".into()] } else { vec![] },
            max_tokens,
            context: 1000,
            input_estimate: 5,
        },
    )
}

/// Every chunk, and how it ended; the reader is not asked again after an error.
fn chunks(back: WayBack, pieces: impl Iterator<Item = Bytes>) -> (Vec<(Vec<Event>, bool)>, Option<Category>) {
    let mut reader = AmazonQReader::new(None, back);
    let mut said = Vec::new();
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.next() {
                Ok(Some(chunk)) => said.push((chunk.events, chunk.content)),
                Ok(None) => break,
                Err(error) => return (said, Some(error.category)),
            }
        }
        if reader.is_done() {
            break;
        }
    }
    match reader.finish() {
        Ok(last) => said.extend(last.map(|chunk| (chunk.events, chunk.content))),
        Err(error) => return (said, Some(error.category)),
    }
    (said, None)
}

/// Numbers without gaps, deltas within their block, usage and then one stop at the very end; a guess at the start.
fn check(events: &[Event], guessed: bool, ended: bool) {
    let (mut next, mut open) = (0, Vec::new());
    for event in events {
        match event {
            Event::BlockStart { index, .. } => {
                assert_eq!(*index, next);
                next += 1;
                open.push(*index);
            }
            Event::BlockEnd { index } => open.retain(|at| at != index),
            Event::TextDelta { index, .. }
            | Event::ThinkingDelta { index, .. }
            | Event::SignatureDelta { index, .. }
            | Event::ToolInputDelta { index, .. } => assert!(open.contains(index)),
            _ => {}
        }
    }
    let starts = events.iter().filter(|event| matches!(event, Event::Start { .. })).count();
    assert_eq!(starts, usize::from(!events.is_empty()));
    if ended {
        assert!(open.is_empty());
        assert!(matches!(events, [.., Event::Stop { .. }]));
        let told = events.iter().filter(|event| matches!(event, Event::Usage(_))).count();
        assert_eq!(told, 1 + usize::from(guessed));
    }
}

fn fold(events: Result<Vec<Event>, Error>) -> Result<Answer, Category> {
    let mut collector = Collector::new();
    events.map_err(|error| error.category)?.into_iter().for_each(|event| collector.push(event));
    Ok(collector.finish())
}

proptest! {
    #[test]
    fn any_events_are_read_in_order_and_however_they_are_cut(
        frames in frames(),
        back in back(),
        size in 1_usize..200,
    ) {
        let bytes = frames.concat();
        let guessed = back.input_estimate > 0;
        let whole = chunks(back.clone(), std::iter::once(Bytes::from(bytes.clone())));
        let cut = chunks(back, bytes.chunks(size).map(Bytes::copy_from_slice));
        prop_assert_eq!(&cut, &whole);
        let (said, error) = whole;
        prop_assert!(said.iter().all(|(events, _)| !events.is_empty()));
        let events: Vec<Event> = said.into_iter().flat_map(|(events, _)| events).collect();
        check(&events, guessed, error.is_none());
    }

    #[test]
    fn any_cutting_of_the_words_says_the_same(
        said in "(<think>)?[ab\n<`]{0,9}(</think>\n\n)?[abEND ]{0,12}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        back in back(),
    ) {
        let once = read(back.clone(), &[text(&said)]);
        let pieces: Vec<Vec<u8>> = cut(&said, &cuts).iter().map(|piece| text(piece)).collect();
        let often = read(back, &pieces);
        prop_assert_eq!(fold(often), fold(once));
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = chunks(WayBack::default(), std::iter::once(Bytes::from(bytes)));
    }
}
