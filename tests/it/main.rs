//! The whole application on port 0 against the emulator.
