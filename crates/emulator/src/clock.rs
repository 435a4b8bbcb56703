//! The rim where time comes in.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// `20261121T120000Z`, the form of `x-amz-date`.
const AMZ: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");
/// The form of the `Date` header (RFC 9110).
const HTTP: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// The machine's clock, moved by `skew` seconds.
#[expect(clippy::disallowed_methods, reason = "the one place where the emulator reads the clock")]
pub(crate) fn now(skew: i64) -> SystemTime {
    let now = SystemTime::now();
    let by = Duration::from_secs(skew.unsigned_abs());
    if skew < 0 { now - by } else { now + by }
}

pub(crate) fn amz_date(time: SystemTime) -> String {
    OffsetDateTime::from(time).format(AMZ).unwrap_or_default()
}

pub(crate) fn http_date(time: SystemTime) -> String {
    OffsetDateTime::from(time).format(HTTP).unwrap_or_default()
}

pub(crate) fn parse_amz_date(text: &str) -> Option<SystemTime> {
    Some(time::PrimitiveDateTime::parse(text, AMZ).ok()?.assume_utc().into())
}
