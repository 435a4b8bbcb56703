//! Converse events in any order: what comes out is always in order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use switchboard_fuzz::{check_order, drain, frames};
use wire::Undo;
use wire::bedrock::converse::{ConverseReader, read_answer};

const KINDS: [&str; 6] =
    ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];

fuzz_target!(|data: &[u8]| {
    let stream = frames(data, &KINDS, <[u8]>::to_vec);
    check_order(&drain(&mut ConverseReader::new(None, Undo::default()), &stream, stream.len()));
    let undo = Undo { answer_tool: true, fence: true, ..Undo::default() };
    check_order(&drain(&mut ConverseReader::new(None, undo.clone()), &stream, 64));
    let _ = read_answer(data, None, undo);
});
