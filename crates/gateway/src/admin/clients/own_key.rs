//! The local key that a client has for itself.

use llm::Secret;
use secrets::Place;
use store::LocalKeyRow;

use crate::Gateway;
use crate::admin::Refusal;
use crate::admin::keys::{accept, drawn, store, taken};

/// What the ids of such keys begin with.
const OWN: &str = "client-";

/// Names to try when a person has taken one for a key of theirs.
const NAMES: usize = 9;

/// Who a key belongs to: the client `id` in this home.
pub(super) fn owner(id: &str, home: &str) -> String {
    if home.is_empty() { id.to_owned() } else { format!("{id}.{home}") }
}

/// Whether this key belongs to a client, so that its text can be read again.
pub(super) fn is(id: &str) -> bool {
    id.starts_with(OWN)
}

/// The key of a client.
pub(super) fn of<'a>(keys: &'a [LocalKeyRow], client: &str) -> Option<&'a LocalKeyRow> {
    let of_client = |key: &&LocalKeyRow| {
        let rest = key.id.strip_prefix(OWN).and_then(|rest| rest.strip_prefix(client));
        rest.is_some_and(|rest| rest.starts_with('-'))
    };
    keys.iter().find(of_client)
}

/// The text of a client's key, if it has one that can be read.
pub(super) async fn read(gateway: &Gateway, client: &str) -> Result<Option<Secret>, Refusal> {
    let keys = gateway.core.local_keys().await?;
    let Some(row) = of(&keys, client) else { return Ok(None) };
    Ok(gateway.safe.keyring().open(Place::local_key(&row.id), &row.key).ok())
}

/// The text of a client's key, which is made where there is none and replaced where it cannot be read. The caller holds
/// what keeps two changes apart.
pub(super) async fn get(gateway: &Gateway, client: &str, name: &str) -> Result<Secret, Refusal> {
    if let Some(key) = read(gateway, client).await? {
        return Ok(key);
    }
    let keys = gateway.core.local_keys().await?;
    let (mut row, key) = drawn(gateway.now_ms())?;
    if let Some(old) = of(&keys, client) {
        row = LocalKeyRow { hash: row.hash, hint: row.hint, ..old.clone() };
        row.key = gateway.safe.keyring().seal(Place::local_key(&row.id), &key)?;
        store(gateway, &row).await?;
        accept(gateway, &row);
        return Ok(key);
    }
    row.id = format!("{OWN}{client}-{}", row.id);
    row.key = gateway.safe.keyring().seal(Place::local_key(&row.id), &key)?;
    for number in 1..=NAMES {
        row.name = if number == 1 { name.to_owned() } else { format!("{name} {number}") };
        match gateway.core.add_local_key(row.clone()).await {
            Ok(()) => {
                accept(gateway, &row);
                return Ok(key);
            }
            Err(store::Error::Conflict) if number < NAMES => {}
            Err(error) => return Err(taken(error)),
        }
    }
    Err(taken(store::Error::Conflict))
}

/// Takes the key of a client away: what it sends with it is refused from now on.
pub(super) async fn remove(gateway: &Gateway, client: &str) -> Result<(), Refusal> {
    let keys = gateway.core.local_keys().await?;
    if let Some(row) = of(&keys, client) {
        gateway.core.remove_local_key(&row.id).await?;
        gateway.keys.rcu(|keys| keys.without(&row.id));
    }
    Ok(())
}
