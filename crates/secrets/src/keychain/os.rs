//! Keychain of macOS, Credential Manager of Windows, Secret Service elsewhere.

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

use super::Keychain;
use crate::Trouble;

/// What people see in their keychain's list.
const SERVICE: &str = "Switchboard";

/// The keychain of the person who runs us.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsKeychain;

impl OsKeychain {
    /// An item of a store that was opened for this one call.
    fn item(kid: &str) -> Result<Entry, Trouble> {
        let store = store().map_err(trouble)?;
        store.build(SERVICE, &format!("data-key-{kid}"), None).map_err(trouble)
    }
}

impl Keychain for OsKeychain {
    fn read(&self, kid: &str) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        Self::item(kid)?.get_secret().map(Zeroizing::new).map_err(trouble)
    }

    fn write(&self, kid: &str, secret: &[u8]) -> Result<(), Trouble> {
        Self::item(kid)?.set_secret(secret).map_err(trouble)
    }
}

#[cfg(target_os = "macos")]
fn store() -> Result<Arc<impl CredentialStoreApi>, Error> {
    apple_native_keyring_store::keychain::Store::new()
}

#[cfg(windows)]
fn store() -> Result<Arc<impl CredentialStoreApi>, Error> {
    windows_native_keyring_store::Store::new()
}

#[cfg(all(unix, not(target_os = "macos")))]
fn store() -> Result<Arc<impl CredentialStoreApi>, Error> {
    zbus_secret_service_keyring_store::Store::new()
}

fn trouble(error: Error) -> Trouble {
    let trouble = match &error {
        Error::NoEntry => Trouble::Missing,
        Error::NoStorageAccess(_) => Trouble::Refused,
        // Two items with our name: neither is surely ours.
        Error::Ambiguous(_) => Trouble::WrongKey,
        // These carry what was read, so they are not told on.
        Error::BadEncoding(_) | Error::BadDataFormat(..) => return Trouble::Malformed,
        _ => Trouble::Unavailable,
    };
    tracing::debug!(%error, "the keychain says no");
    trouble
}
