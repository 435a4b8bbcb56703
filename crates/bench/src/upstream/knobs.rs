//! What can be changed of the answers while the stand-in runs.

use serde_json::{Map, Value};

/// What every answer looks like until it is changed by `POST /__knobs`.
#[derive(Clone, Copy)]
pub(crate) struct Knobs {
    pub(crate) pieces: usize,
    pub(crate) bytes: usize,
    pub(crate) gap_us: u64,
    /// Each piece begins with the time it is sent.
    pub(crate) stamped: bool,
}

impl Knobs {
    /// Sets the knobs that `body` names; says which one it does not know.
    pub(crate) fn turn(&mut self, body: &[u8]) -> Result<(), String> {
        let knobs: Map<String, Value> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        for (name, value) in &knobs {
            let number = value.as_u64().unwrap_or_default();
            match name.as_str() {
                "pieces" => self.pieces = number as usize,
                "bytes" => self.bytes = number as usize,
                "gap_us" => self.gap_us = number,
                "stamped" => self.stamped = value.as_bool().unwrap_or_default(),
                _ => return Err(format!("no knob is called {name}")),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_knobs_are_refused() {
        let mut knobs = Knobs { pieces: 1, bytes: 1, gap_us: 0, stamped: false };
        assert_eq!(knobs.turn(b"{\"pieces\":7,\"stamped\":true}"), Ok(()));
        assert_eq!((knobs.pieces, knobs.stamped), (7, true));
        assert!(knobs.turn(b"{\"piece\":7}").is_err());
    }
}
