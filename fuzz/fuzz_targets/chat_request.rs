//! OpenAI chat requests, on to the upstream's body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::openai::chat::OpenAiChatServer;

fuzz_target!(|data: &[u8]| switchboard_fuzz::request(&OpenAiChatServer, data));
