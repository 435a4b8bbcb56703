//! The whole application on port 0 against the emulator: one binary, so that one link serves all tests.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod account_proxy;
mod accounts;
mod architecture;
mod bad_input;
mod boundary;
mod client;
mod clients_leaving;
mod desk;
mod dialects;
mod embeddings;
mod found;
mod harness;
mod keys;
mod kiro;
mod lossless;
mod metrics;
mod own_surface;
mod process;
mod regions;
mod routes;
#[path = "../../crates/wire/tests/amazon_q_requests/rules.rs"]
mod rules;
mod sides;
mod signing_in;
mod straight;
mod upstream;
mod visitors;
mod ways;
