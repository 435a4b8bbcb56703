//! What outlives a restore: credentials that were rotated since the backup was made, for the older ones are void, and
//! settings that are not the backup's to change.

use rusqlite::{Connection, OptionalExtension};

use super::secret_key;
use crate::Error;

#[derive(Debug, Default)]
pub(super) struct Newest {
    kid: Option<String>,
    /// Account, generation, credential.
    accounts: Vec<(String, i64, String)>,
    /// Account that is not stored, what its credential came from, credential.
    rotations: Vec<(String, String, String)>,
    /// Name and JSON.
    settings: Vec<(String, String)>,
}

impl Newest {
    /// Reads it from the data that is about to be replaced.
    pub(super) fn of(connection: &Connection, settings: &[&str]) -> Result<Self, Error> {
        let mut accounts =
            connection.prepare("SELECT id, credential_generation, credential FROM accounts")?;
        let accounts = accounts.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut rotations = connection.prepare("SELECT account_id, origin, credential FROM rotations")?;
        let rotations = rotations.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut newest = Self {
            kid: secret_key::find(connection)?.kid,
            accounts: accounts.collect::<Result<_, _>>()?,
            rotations: rotations.collect::<Result<_, _>>()?,
            settings: Vec::new(),
        };
        for name in settings {
            let value = connection
                .query_row("SELECT value FROM settings WHERE key = ?1", [name], |row| row.get(0))
                .optional()?;
            newest.settings.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        Ok(newest)
    }

    /// Puts it over what was restored; how many credentials of accounts that changed.
    pub(super) fn put(&self, connection: &mut Connection) -> Result<usize, Error> {
        let transaction = connection.transaction()?;
        let mut carried = 0;
        // What another key encrypted would be unreadable there.
        if self.kid.is_some() && secret_key::find(&transaction)?.kid == self.kid {
            // A person who gave an account another credential since made another generation.
            let mut update = transaction.prepare(
                "UPDATE accounts SET credential = ?3
                 WHERE id = ?1 AND credential_generation = ?2 AND credential <> ?3",
            )?;
            for account in &self.accounts {
                carried += update.execute((&account.0, account.1, &account.2))?;
            }
            let mut update = transaction.prepare(
                "INSERT INTO rotations VALUES (?1, ?2, ?3) ON CONFLICT (account_id)
                 DO UPDATE SET origin = excluded.origin, credential = excluded.credential",
            )?;
            for rotation in &self.rotations {
                update.execute((&rotation.0, &rotation.1, &rotation.2))?;
            }
        }
        for (name, value) in &self.settings {
            transaction.execute(
                "INSERT INTO settings (key, value) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (name, value),
            )?;
        }
        transaction.commit()?;
        Ok(carried)
    }
}
