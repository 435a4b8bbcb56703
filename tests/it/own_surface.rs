//! Models of OpenAI's kind in their own languages: what a client of the same language says goes there as it came.

mod chat;
mod falling_back;
mod responses;

use emulator::{Operation, Recorded};
use serde_json::Value;

use crate::harness::{Sent, TestApp};

/// OpenAI's hosted models, its open-weight ones, and xAI's.
const GPT: &str = "gpt-6-sol";
const OSS: &str = "gpt-oss-120b";
const GROK: &str = "grok-4.7";

/// The last request that went upstream, which must have been this operation.
fn sent(app: &TestApp, operation: Operation) -> (Recorded, Value) {
    let last = app.emulator.journal().requests().pop().expect("a request");
    assert_eq!(last.operation, Some(operation), "{}", last.text());
    let body = last.json();
    (last, body)
}
