//! The whole application on port 0 against the emulator: one binary, so that one link serves all tests.

mod architecture;
mod harness;
mod straight;
