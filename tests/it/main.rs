//! The whole application on port 0 against the emulator: one binary, so that one link serves all tests.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod architecture;
mod bad_input;
mod boundary;
mod client;
mod dialects;
mod harness;
mod lossless;
mod process;
mod straight;
mod upstream;
