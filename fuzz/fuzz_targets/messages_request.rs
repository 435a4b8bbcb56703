//! Anthropic requests, on to the upstream's body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::anthropic::server::AnthropicServer;

fuzz_target!(|data: &[u8]| switchboard_fuzz::request(&AnthropicServer::new(), data));
