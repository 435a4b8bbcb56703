//! The text form of a file: base64 in lines of 64, between two marks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::ParcelError;

pub(super) const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
const COLUMNS: usize = 64;

pub(super) fn put_on(file: &[u8]) -> String {
    let text = BASE64.encode(file);
    let mut armored = String::with_capacity(text.len() + text.len() / COLUMNS + 80);
    armored.push_str(BEGIN);
    armored.push('\n');
    for at in (0..text.len()).step_by(COLUMNS) {
        armored.push_str(&text[at..text.len().min(at + COLUMNS)]);
        armored.push('\n');
    }
    armored.push_str(END);
    armored.push('\n');
    armored
}

pub(super) fn take_off(armored: &str) -> Result<Vec<u8>, ParcelError> {
    let inner = armored.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    // Mail and editors change line ends.
    let text: String = inner.ok_or(ParcelError::Damaged)?.split_ascii_whitespace().collect();
    BASE64.decode(text).map_err(|_| ParcelError::Damaged)
}
