//! A key made of a passphrase: argon2id, so that guessing is dear.

use argon2::{Algorithm, Argon2, Params, Version};
use llm::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cipher::{self, Bytes};
use crate::{Error, Trouble};

/// Characters that a new passphrase must have.
pub const SHORTEST: usize = 10;

/// RFC 9106's choice for memory-constrained machines, on one lane.
const COST: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

/// Nobody stores more; a row that asks for it would only make us swallow memory.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 64;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Parameters {
    #[serde(flatten)]
    cost: Cost,
    salt: String,
}

/// A key of `passphrase` with a new salt, and what it takes to make it again.
pub(crate) fn stretch_anew(passphrase: &Secret) -> Result<(String, Bytes), Error> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| Error::NoRandomness)?;
    let parameters = Parameters { cost: COST, salt: hex::encode(salt) };
    let own = derive(passphrase, &parameters).map_err(|_| Error::NoRandomness)?;
    // Plain data always serialises.
    Ok((serde_json::to_string(&parameters).unwrap_or_default(), own))
}

/// The key of `passphrase` as `parameters` made it.
pub(crate) fn stretch(passphrase: &Secret, parameters: &str) -> Result<Bytes, Trouble> {
    derive(passphrase, &serde_json::from_str(parameters).map_err(|_| Trouble::Malformed)?)
}

fn derive(passphrase: &Secret, parameters: &Parameters) -> Result<Bytes, Trouble> {
    let Cost { memory_kib, passes, lanes } = parameters.cost;
    if memory_kib > MOST_MEMORY_KIB || passes > MOST_PASSES {
        return Err(Trouble::Malformed);
    }
    let cost = Params::new(memory_kib, passes, lanes, Some(cipher::KEY)).map_err(|_| Trouble::Malformed)?;
    let salt = hex::decode(&parameters.salt).map_err(|_| Trouble::Malformed)?;
    let mut own = Zeroizing::new([0; cipher::KEY]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
        .hash_password_into(passphrase.expose().as_bytes(), &salt, &mut *own)
        .map_err(|_| Trouble::Malformed)?;
    Ok(own)
}
