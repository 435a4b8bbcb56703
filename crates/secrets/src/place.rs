//! Where a secret is stored. It is part of what is encrypted, so that a ciphertext is good in its own place alone.

/// A row and a column. An account keeps its place when it is removed and restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    table: &'static str,
    row: &'a str,
    column: &'static str,
}

impl<'a> Place<'a> {
    /// Any secret of `core.db`; `table` and `column` without `|`.
    #[must_use]
    pub const fn new(table: &'static str, row: &'a str, column: &'static str) -> Self {
        Self { table, row, column }
    }

    /// The credential of a stored account, removed or not.
    #[must_use]
    pub const fn account(id: &'a str) -> Self {
        Self::new("accounts", id, "credential")
    }

    /// What the credential of an account of the environment became.
    #[must_use]
    pub const fn rotation(account_id: &'a str) -> Self {
        Self::new("rotations", account_id, "credential")
    }

    /// The text of a local key.
    #[must_use]
    pub const fn local_key(id: &'a str) -> Self {
        Self::new("local_keys", id, "key")
    }

    /// `table|row|column|v1`.
    pub(crate) fn bound(self) -> String {
        let row = self.row.replace('%', "%25").replace('|', "%7C");
        format!("{}|{row}|{}|v1", self.table, self.column)
    }
}
