//! Removing old rows in small steps, so that new ones never wait long.

use rusqlite::{Connection, OptionalExtension};

use super::stats::hour_of;
use super::{Cleaned, Retention, captures};
use crate::Error;
use crate::pending::Promise;

const STEP: i64 = 1000;
/// Free pages given back to the system in one step.
const PAGES: i64 = 256;
const DAY_MS: i64 = 24 * 3_600_000;
/// Totals are small and outlive their rows by far.
const TOTALS_DAYS: i64 = 400;

/// A cleaning pass under way.
pub(super) struct Pass {
    keep: Retention,
    pub now_ms: i64,
    promise: Promise<Cleaned>,
    done: Cleaned,
    /// Rows it may still delete; set at its first step.
    left: Option<u64>,
    vacuuming: bool,
}

impl Pass {
    pub(super) fn new(keep: Retention, now_ms: i64, promise: Promise<Cleaned>) -> Self {
        Self { keep, now_ms, promise, done: Cleaned::default(), left: None, vacuuming: false }
    }

    /// Does one step; `None` when that was the last.
    pub(super) fn step(mut self, connection: &Connection) -> Option<Self> {
        match self.advance(connection) {
            Ok(true) => Some(self),
            Ok(false) => {
                self.finish(Ok(()));
                None
            }
            Err(error) => {
                tracing::warn!(%error, "cleaning the log broke off");
                self.finish(Err(error));
                None
            }
        }
    }

    pub(super) fn skip(mut self) {
        tracing::warn!("the clock jumped; the log is not cleaned this time");
        self.done.clock_jumped = true;
        self.finish(Ok(()));
    }

    /// Ends with what was done.
    pub(super) fn stop(self) {
        self.finish(Ok(()));
    }

    fn finish(self, result: Result<(), Error>) {
        // Nobody may be waiting.
        let _ = self.promise.send(result.map(|()| self.done));
    }

    /// True when there is more to do.
    fn advance(&mut self, connection: &Connection) -> Result<bool, Error> {
        if self.vacuuming {
            return self.vacuum(connection);
        }
        let left = match self.left {
            Some(left) => left,
            None => {
                let hour = hour_of(self.now_ms - TOTALS_DAYS * DAY_MS);
                // While a row is there its hour is, for that is how the row is found by time.
                connection.execute(
                    "DELETE FROM hours WHERE hour < ?1
                     AND last_id < coalesce((SELECT min(id) FROM requests), 9223372036854775807)
                     AND last_id < (SELECT max(last_id) FROM hours WHERE kind = 0)",
                    [hour],
                )?;
                rows(connection)? / 2
            }
        };
        captures::remove_before(connection, self.cutoff())?;
        let most = STEP.min(i64::try_from(left).unwrap_or(STEP));
        let mut deleted = self.delete_old(connection, most)?;
        if deleted == 0 && self.too_large(connection)? {
            deleted = connection.execute(
                "DELETE FROM requests WHERE id IN (SELECT id FROM requests ORDER BY id LIMIT ?1)",
                [most],
            )? as u64;
        }
        self.left = Some(left.saturating_sub(deleted));
        self.done.deleted += deleted;
        self.vacuuming = deleted == 0;
        self.vacuum(connection)?;
        Ok(true)
    }

    /// What came in before this goes.
    fn cutoff(&self) -> Option<i64> {
        Some(self.now_ms - i64::from(self.keep.days?) * DAY_MS)
    }

    fn delete_old(&self, connection: &Connection, most: i64) -> Result<u64, Error> {
        let Some(cutoff) = self.cutoff() else { return Ok(0) };
        let last: Option<i64> = connection
            .query_row(
                "SELECT max(last_id) FROM hours WHERE kind = 0 AND hour <= ?1",
                [hour_of(cutoff)],
                |row| row.get(0),
            )
            .optional()?
            .flatten();
        let Some(last) = last else { return Ok(0) };
        let deleted = connection.execute(
            "DELETE FROM requests WHERE id IN
             (SELECT id FROM requests WHERE id <= ?1 AND time_ms < ?2 ORDER BY id LIMIT ?3)",
            (last, cutoff, most),
        )?;
        Ok(deleted as u64)
    }

    fn too_large(&self, connection: &Connection) -> Result<bool, Error> {
        let Some(megabytes) = self.keep.megabytes else { return Ok(false) };
        let used = pragma(connection, "page_count")? - pragma(connection, "freelist_count")?;
        // Captures have a limit of their own; rows are not to make room for them.
        let rows = used * pragma(connection, "page_size")? - captures::size(connection)?;
        Ok(rows > i64::try_from(megabytes << 20).unwrap_or(i64::MAX))
    }

    /// Gives a few free pages back; true when there are more.
    fn vacuum(&mut self, connection: &Connection) -> Result<bool, Error> {
        let free = pragma(connection, "freelist_count")?;
        if free > 0 {
            // Each row the pragma steps over frees one page.
            let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
            let mut pages = statement.query([])?;
            while pages.next()?.is_some() {}
        }
        let more = pragma(connection, "freelist_count")?;
        if self.vacuuming && (more == 0 || more == free) {
            // The file itself shrinks when the -wal is folded back.
            connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
            self.done.bytes =
                (pragma(connection, "page_count")? * pragma(connection, "page_size")?).unsigned_abs();
            return Ok(false);
        }
        Ok(true)
    }
}

/// Ids have no gaps but at the old end, so their span is the number of rows.
fn rows(connection: &Connection) -> Result<u64, Error> {
    let span: i64 = connection.query_row(
        "SELECT coalesce((SELECT max(id) FROM requests) - (SELECT min(id) FROM requests) + 1, 0)",
        [],
        |row| row.get(0),
    )?;
    Ok(u64::try_from(span).unwrap_or(0))
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, Error> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}
