//! One change of one file, before it is made.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::change::{Edit, at, digest, existing};
use crate::client::{Client, Words};
use crate::diff;
use crate::file;
use crate::format::Unfit;
use crate::journal::{Entry, Written};
use crate::{Error, Home};

/// What a file is and what it would become. `Debug` leaves the texts out: they are a person's, with their secrets.
pub struct Plan {
    pub(crate) client: &'static str,
    /// [`Home::id`] of whose file it is.
    pub(crate) home: String,
    path: PathBuf,
    pub(crate) current: Option<String>,
    /// `None`: the file goes.
    pub(crate) after: Option<String>,
    /// What the journal says afterwards; `None` once it is undone.
    pub(crate) entry: Option<Entry>,
    /// Folders to remove with the file.
    pub(crate) made: Vec<PathBuf>,
    since: bool,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("client", &self.client).field("path", &self.path).finish_non_exhaustive()
    }
}

impl Plan {
    /// The file, as the client calls it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file is now, for [`crate::Connections::carry_out`] to compare: `none`, or SHA-256 in hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        file::fingerprint(self.current.as_deref())
    }

    /// A unified diff with secrets masked; empty when nothing changes.
    #[must_use]
    pub fn diff(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        diff::unified(&text(&self.current), &text(&self.after))
    }

    /// Whether the file is made, or removed.
    #[must_use]
    pub fn is_whole_file(&self) -> bool {
        self.current.is_none() != self.after.is_none()
    }

    /// Whether somebody else changed the file since we wrote it.
    #[must_use]
    pub const fn changed_since(&self) -> bool {
        self.since
    }

    pub(crate) fn connect(
        client: &'static Client,
        home: &Home,
        entry: Option<&Entry>,
        words: &Words,
        now_ms: i64,
    ) -> Result<Self, Error> {
        // A file that we wrote is the one that is written again, whatever came to be beside it.
        let path = entry.map_or_else(|| client.file(&home.machine), |entry| entry.path.clone());
        let current = file::read(&path)?;
        if let Some(older) = client.older.map(|older| older(&home.machine))
            && current.is_none()
            && older.exists()
        {
            return Err(Error::OldFormat { path: older });
        }
        file::check_writable(&path)?;
        let puts = (client.puts)(words);
        let edits: Vec<_> = puts.iter().map(|put| Edit::Set(put.path.clone(), put.value.clone())).collect();
        let comment = client.comment();
        let comment = client.mark.map(|mark| (mark, comment.as_str()));
        let base = match current.as_deref() {
            Some(text) if !text.trim().is_empty() => text,
            _ => client.blank,
        };
        let after = client.format.edited(base, &edits, comment).map_err(|unfit| unfit.at(&path))?;
        let unchanged = entry.is_some_and(|entry| entry.after == file::fingerprint(current.as_deref()));
        let before = match entry {
            Some(entry) if unchanged => entry.before.clone(),
            Some(entry) => without(client, entry, current.as_deref())?,
            None => current.clone(),
        };
        let written = puts.iter().map(|put| Written {
            path: put.path.clone(),
            own: put.own,
            digest: digest(&put.value),
        });
        let made = entry.map(|entry| entry.made.clone()).unwrap_or_default();
        let entry = Entry {
            client: client.id.to_owned(),
            home: home.id.clone(),
            path: path.clone(),
            before,
            after: file::fingerprint(Some(&after)),
            puts: written.collect(),
            made,
            root: words.root.clone(),
            key: file::fingerprint(Some(words.key.expose())),
            time_ms: now_ms,
        };
        let (home, after, entry) = (home.id.clone(), Some(after), Some(entry));
        Ok(Self { client: client.id, home, path, current, after, entry, made: Vec::new(), since: !unchanged })
    }

    /// Puts back what was there: the very file when nobody changed it since, else all of it without ours.
    pub(crate) fn undo(client: &'static Client, entry: &Entry) -> Result<Self, Error> {
        let current = file::read(&entry.path)?;
        let fingerprint = file::fingerprint(current.as_deref());
        let same = fingerprint == entry.after || current == entry.before;
        let after = if same { entry.before.clone() } else { without(client, entry, current.as_deref())? };
        if current.is_some() {
            file::check_writable(&entry.path)?;
        }
        let (home, path, made) = (entry.home.clone(), entry.path.clone(), entry.made.clone());
        Ok(Self { client: client.id, home, path, current, after, entry: None, made, since: !same })
    }
}

/// The file without what is ours. What the person has changed themselves since is theirs.
fn without(client: &Client, entry: &Entry, current: Option<&str>) -> Result<Option<String>, Error> {
    let Some(text) = current.filter(|text| !text.trim().is_empty()) else {
        // Whoever emptied or removed it wanted that.
        return Ok(current.map(str::to_owned));
    };
    let unfit = |unfit: Unfit| unfit.at(&entry.path);
    let format = client.format;
    let blank = format.read(client.blank).map_err(unfit)?;
    let before = match entry.before.as_deref() {
        Some(text) if !text.trim().is_empty() => format.read(text).map_err(unfit)?,
        _ => blank.clone(),
    };
    let now = format.read(text).map_err(unfit)?;
    let ours = entry
        .puts
        .iter()
        .filter(|put| at(&now, &put.path).is_some_and(|value| put.own || digest(value) == put.digest));
    let edits: Vec<_> = ours
        .map(|put| match at(&before, &put.path) {
            Some(old) => Edit::Set(put.path.clone(), old.clone()),
            None => Edit::Remove(put.path.clone(), existing(&before, &put.path)),
        })
        .collect();
    let left = format.taken_back(text, &edits, &client.comment()).map_err(unfit)?;
    let is_blank = format.read(&left).is_ok_and(|values| values == blank);
    Ok(Some(left).filter(|_| entry.before.is_some() || !is_blank))
}

impl Unfit {
    fn at(self, path: &Path) -> Error {
        let path = path.to_owned();
        match self {
            Self::Syntax(what) => Error::Unreadable { path, what },
            Self::Shape(at) => Error::Shape { path, at },
        }
    }
}
