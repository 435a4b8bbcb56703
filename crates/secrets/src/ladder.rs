//! The ladder: from what is stored to the data key, without ever losing an account.

use std::time::Duration;

use llm::Sealed;

use crate::{DataKey, Slot, SlotKind, Tools, Trouble, Wish};

/// What `core.db` tells of the key.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// The name of the data key; `None` before there is one.
    pub kid: Option<String>,
    /// A known text, encrypted with it.
    pub canary: Sealed,
    pub slots: Vec<Slot>,
    /// There are encrypted secrets.
    pub has_sealed: bool,
}

impl Stored {
    #[must_use]
    pub fn slot(&self, kind: SlotKind) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.kind == kind)
    }

    /// Whether `key` is the one that secrets are encrypted with.
    #[must_use]
    pub fn fits(&self, key: &DataKey) -> bool {
        self.kid.as_deref() == Some(key.kid()) && key.fits(&self.canary)
    }

    /// The data key, with what the person entered: a passphrase or a recovery key, whichever it turns out to be. Takes a
    /// moment.
    ///
    /// # Errors
    /// [`Trouble::WrongKey`] when it opens nothing, [`Trouble::NotUsed`] when there is nothing that it could open.
    pub fn open_with(&self, entered: &llm::Secret) -> Result<(DataKey, SlotKind), Trouble> {
        let mut trouble = Trouble::NotUsed;
        // The recovery key first: trying it costs nothing.
        for kind in [SlotKind::RecoveryKey, SlotKind::Passphrase] {
            let Some(slot) = self.slot(kind) else { continue };
            match slot.open_with(entered) {
                Ok(key) if self.fits(&key) => return Ok((key, kind)),
                Ok(_) => trouble = Trouble::WrongKey,
                Err(said) => trouble = said,
            }
        }
        Err(trouble)
    }
}

/// How far one climb got.
#[derive(Debug)]
pub enum Climbed {
    /// The key, by a slot that opened.
    Open { key: DataKey, by: SlotKind },
    /// There was no key and nothing encrypted: a new one. Nothing may be encrypted with it before `slot` and `canary` are
    /// stored. `instead_of` says why the keychain was not taken.
    Made { key: DataKey, slot: Slot, canary: Sealed, instead_of: Option<Trouble> },
    /// No slot opens now. Nothing was made or removed. Each slot says why; there is none when nothing tells of a key
    /// though there are encrypted secrets.
    Locked(Vec<(SlotKind, Trouble)>),
}

/// Tries every slot in order, once. Blocks for as long as the keychain's patience lasts.
#[must_use]
pub fn climb(stored: &Stored, tools: &Tools) -> Climbed {
    let Some(kid) = &stored.kid else {
        // Secrets without a key that is known: a second key would bury them.
        return if stored.has_sealed { Climbed::Locked(Vec::new()) } else { first(tools) };
    };
    let mut troubles = Vec::new();
    for kind in SlotKind::ALL {
        let Some(slot) = stored.slot(kind) else { continue };
        match tools.own_key(kind, kid).and_then(|own| slot.unwrap(&own)) {
            Ok(key) if stored.fits(&key) => return Climbed::Open { key, by: kind },
            Ok(_) => troubles.push((kind, Trouble::WrongKey)),
            Err(trouble) => troubles.push((kind, trouble)),
        }
    }
    Climbed::Locked(troubles)
}

/// The first key. The person's own file comes first when they named one; else the keychain, else a file of ours.
fn first(tools: &Tools) -> Climbed {
    let Ok(key) = DataKey::generate() else { return Climbed::Locked(Vec::new()) };
    let Ok(canary) = key.canary() else { return Climbed::Locked(Vec::new()) };
    let made =
        |slot, instead_of| Climbed::Made { key: key.clone(), slot, canary: canary.clone(), instead_of };
    if tools.master_key_file.is_some() {
        // Whoever names a file does not want another place.
        return match tools.make(&key, &Wish::MasterKeyFile) {
            Ok(slot) => made(slot, None),
            Err(trouble) => Climbed::Locked(vec![(SlotKind::MasterKeyFile, trouble)]),
        };
    }
    let instead_of = match tools.make(&key, &Wish::Keychain) {
        Ok(slot) => return made(slot, None),
        // It may be asking the person this moment.
        Err(Trouble::Waits) => return Climbed::Locked(vec![(SlotKind::Keychain, Trouble::Waits)]),
        Err(trouble) => trouble,
    };
    match tools.make(&key, &Wish::KeyFile) {
        Ok(slot) => made(slot, Some(instead_of)),
        Err(trouble) => Climbed::Locked(vec![(SlotKind::Keychain, instead_of), (SlotKind::KeyFile, trouble)]),
    }
}

/// How long to wait after so many climbs that ended [`Climbed::Locked`].
#[must_use]
pub const fn pause(climbs: u32) -> Duration {
    Duration::from_secs(match climbs {
        0 | 1 => 1,
        2 => 2,
        3 => 5,
        4 => 10,
        5 => 30,
        _ => 60,
    })
}
