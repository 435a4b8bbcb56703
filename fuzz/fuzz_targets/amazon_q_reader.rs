//! Events of Amazon Q in any order: what comes out is always in order, however the bytes are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use switchboard_fuzz::{check_order, drain, frames};
use wire::Undo;
use wire::amazon_q::{AmazonQReader, ErrorHead, WayBack, read_error};

const KINDS: [&str; 8] = [
    "initial-response",
    "messageMetadataEvent",
    "assistantResponseEvent",
    "reasoningContentEvent",
    "toolUseEvent",
    "contextUsageEvent",
    "metadataEvent",
    "meteringEvent",
];

fuzz_target!(|data: &[u8]| {
    let stream = frames(data, &KINDS, <[u8]>::to_vec);
    let whole = drain(&mut AmazonQReader::new(None, WayBack::default()), &stream, stream.len());
    check_order(&whole);
    assert_eq!(drain(&mut AmazonQReader::new(None, WayBack::default()), &stream, 64), whole);
    let back = WayBack {
        undo: Undo { answer_tool: true, fence: true, ..Undo::default() },
        tagged_thinking: true,
        stop: vec!["END".to_owned(), "}".to_owned()],
        max_tokens: Some(100),
        context: 200_000,
        input_estimate: 7,
    };
    check_order(&drain(&mut AmazonQReader::new(None, back), &stream, 64));
    let _ = read_error(&ErrorHead { status: 400, ..ErrorHead::default() }, data);
});
