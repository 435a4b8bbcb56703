//! Which clients sent requests and which accounts answered them, and when last.

use rusqlite::Connection;

use super::stats::{Kind, hour_of};
use crate::Error;

/// A client that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSeen {
    /// As rows name it.
    pub name: String,
    pub user_agent: String,
    /// When its last request came in, milliseconds since 1970.
    pub last_ms: i64,
}

/// The last request that showed a local key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySeen {
    pub key_id: String,
    pub user_agent: String,
    /// As [`crate::LogRow::dialect`].
    pub dialect: String,
    /// Milliseconds since 1970.
    pub last_ms: i64,
}

/// The totals of the hours tell each client's last row; nothing else of the log is read.
pub(super) fn since(connection: &Connection, since_ms: i64) -> Result<Vec<ClientSeen>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT seen.key, requests.user_agent, requests.time_ms FROM
             (SELECT key, max(last_id) AS last_id FROM hours
              WHERE kind = ?1 AND hour >= ?2 GROUP BY key ORDER BY 2 DESC LIMIT 200) AS seen
         JOIN requests ON requests.id = seen.last_id",
    )?;
    let found = statement.query_map((Kind::Client as i64, hour_of(since_ms)), |row| {
        Ok(ClientSeen { name: row.get(0)?, user_agent: row.get(1)?, last_ms: row.get(2)? })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The last request of each local key; as above.
pub(super) fn keys_since(connection: &Connection, since_ms: i64) -> Result<Vec<KeySeen>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT seen.key, requests.user_agent, requests.dialect, requests.time_ms FROM
             (SELECT key, max(last_id) AS last_id FROM hours
              WHERE kind = ?1 AND hour >= ?2 AND key <> '' GROUP BY key) AS seen
         JOIN requests ON requests.id = seen.last_id",
    )?;
    let found = statement.query_map((Kind::Key as i64, hour_of(since_ms)), |row| {
        Ok(KeySeen {
            key_id: row.get(0)?,
            user_agent: row.get(1)?,
            dialect: row.get(2)?,
            last_ms: row.get(3)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// When each account was last asked; as above.
pub(super) fn accounts_since(connection: &Connection, since_ms: i64) -> Result<Vec<(String, i64)>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT seen.key, requests.time_ms FROM
             (SELECT key, max(last_id) AS last_id FROM hours
              WHERE kind = ?1 AND hour >= ?2 AND key <> '' GROUP BY key) AS seen
         JOIN requests ON requests.id = seen.last_id",
    )?;
    let found = statement
        .query_map((Kind::Account as i64, hour_of(since_ms)), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}
