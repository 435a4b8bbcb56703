//! Opening `chats.db`.

use std::path::Path;

use rusqlite::Connection;

use super::{responses, table};
use crate::connection::{self, Format, Shape};
use crate::{Error, files};

/// `FULL`: what a person wrote is on disk when we say so.
const SHAPE: Shape =
    Shape { synchronous: "FULL", secure_delete: true, steps: &[&[table::V1], &[responses::V2]] };

/// Opens or makes the file. A damaged one is moved aside.
pub(super) fn open(folder: &Path) -> Result<Connection, Error> {
    files::private_folder(folder)?;
    let path = folder.join("chats.db");
    match attempt(&path) {
        Err(error) if error.is_damage() || error.is_wrong_schema() => {
            let aside = files::move_aside(&path, files::DAMAGED)?;
            tracing::error!(%error, aside = %aside.display(), "chats.db is damaged; it was moved aside");
            attempt(&path)
        }
        other => other,
    }
}

fn attempt(path: &Path) -> Result<Connection, Error> {
    let fresh = files::private_file(path)?;
    if !fresh {
        let reader = connection::reader(path)?;
        if let Format::Newer { found, known } = connection::format(&reader, SHAPE)? {
            return Err(Error::ReadOnly { found, known });
        }
    }
    let mut connection = connection::writer(path, SHAPE, fresh)?;
    if !fresh {
        connection::quick_check(&connection)?;
    }
    connection::migrate(&mut connection, SHAPE)?;
    if fresh {
        files::sync(path).map_err(Error::files(path))?;
    }
    Ok(connection)
}
