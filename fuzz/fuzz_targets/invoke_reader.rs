//! Anthropic events in Bedrock's envelopes, whatever is in them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use switchboard_fuzz::{drain, frames};
use wire::bedrock::InvokeReader;
use wire::{Detail, Undo};

fuzz_target!(|data: &[u8]| {
    let stream = frames(data, &["chunk"], <[u8]>::to_vec);
    for detail in [Detail::Control, Detail::Full] {
        drain(&mut InvokeReader::new(detail, Undo::default()), &stream, stream.len());
        drain(
            &mut InvokeReader::new(detail, Undo { answer_tool: true, fence: true, ..Undo::default() }),
            &stream,
            100,
        );
    }
});
