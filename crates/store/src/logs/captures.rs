//! The table of captures: the wire of requests, for people who turned that on.

use rusqlite::{Connection, OptionalExtension};

use crate::Error;

pub(super) const V3: &str = "
CREATE TABLE captures (
    request_id TEXT PRIMARY KEY NOT NULL,
    time_ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    document BLOB NOT NULL
) STRICT;
CREATE INDEX captures_time ON captures (time_ms, bytes);
";

/// Makes a document out of what was seen, on the writer's thread.
pub type Develop = Box<dyn FnOnce() -> Vec<u8> + Send>;

/// The wire of one request, still to be written down.
pub struct Document {
    pub request_id: String,
    /// When the request came in, milliseconds since 1970.
    pub time_ms: i64,
    /// Of all captures together; the oldest go first.
    pub keep_mb: u32,
    pub develop: Develop,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

pub(super) fn put(connection: &Connection, document: Document) -> Result<(), Error> {
    let Document { request_id, time_ms, keep_mb, develop } = document;
    let bytes = develop();
    connection.prepare_cached("INSERT OR REPLACE INTO captures VALUES (?1, ?2, ?3, ?4)")?.execute((
        request_id,
        time_ms,
        bytes.len() as i64,
        bytes,
    ))?;
    let limit = i64::from(keep_mb) << 20;
    // One at a time: a commit adds one, so there is seldom more than one to remove.
    while size(connection)? > limit {
        let removed = connection
            .prepare_cached(
                "DELETE FROM captures WHERE request_id =
                 (SELECT request_id FROM captures ORDER BY time_ms LIMIT 1)",
            )?
            .execute([])?;
        if removed == 0 {
            break;
        }
    }
    Ok(())
}

/// Bytes of all documents.
pub(super) fn size(connection: &Connection) -> Result<i64, Error> {
    Ok(connection
        .prepare_cached("SELECT coalesce(sum(bytes), 0) FROM captures")?
        .query_row([], |row| row.get(0))?)
}

pub(super) fn find(connection: &Connection, request_id: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut statement = connection.prepare_cached("SELECT document FROM captures WHERE request_id = ?1")?;
    Ok(statement.query_row([request_id], |row| row.get(0)).optional()?)
}

pub(super) fn clear(connection: &Connection) -> Result<(), Error> {
    connection.execute("DELETE FROM captures", [])?;
    Ok(())
}

/// Removes captures of requests that came in before `time_ms`.
pub(super) fn remove_before(connection: &Connection, time_ms: Option<i64>) -> Result<(), Error> {
    if let Some(time_ms) = time_ms {
        connection.prepare_cached("DELETE FROM captures WHERE time_ms < ?1")?.execute([time_ms])?;
    }
    Ok(())
}
