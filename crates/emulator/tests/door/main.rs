//! The emulator through its door: real connections, real signatures, frames read by AWS' own decoder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod caller;
mod control;
mod faults;
mod kiro;
mod messages;
mod refusals;
mod streams;
mod wholes;

pub(crate) const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
pub(crate) const QWEN: &str = "qwen.qwen3-coder-480b-a35b-v1:0";
pub(crate) const NOVA: &str = "us.amazon.nova-2-lite-v1:0";
