//! What proves that the one who redeems a code is the one who asked for it (RFC 7636), and that a browser which comes
//! back was sent by us.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Random bytes that a sign-in is begun with.
pub const ENTROPY: usize = 48;

/// Verifier and state of one sign-in.
#[derive(Clone)]
pub(crate) struct Proof {
    verifier: String,
    state: String,
}

impl Proof {
    pub(crate) fn new(entropy: &[u8; ENTROPY]) -> Self {
        let (verifier, state) = entropy.split_at(32);
        Self { verifier: URL_SAFE_NO_PAD.encode(verifier), state: hex::encode(state) }
    }

    /// 43 characters. Secret until the code is redeemed.
    pub(crate) fn verifier(&self) -> &str {
        &self.verifier
    }

    /// The verifier's hash, for the page that a browser is sent to.
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }

    pub(crate) fn state(&self) -> &str {
        &self.state
    }

    /// Whether a browser shows the state that ours was sent away with. Compared as hashes, so that how long it takes
    /// tells nothing.
    pub(crate) fn is_ours(&self, shown: Option<&str>) -> bool {
        shown.is_some_and(|shown| Sha256::digest(shown) == Sha256::digest(&self.state))
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_the_hash_of_its_verifier() {
        let mut entropy = [0; ENTROPY];
        for (at, byte) in (0..).zip(&mut entropy) {
            *byte = at;
        }
        let proof = Proof::new(&entropy);
        assert_eq!(proof.verifier().len(), 43);
        assert_eq!(proof.state(), "202122232425262728292a2b2c2d2e2f");
        // Of RFC 7636, appendix B.
        let known =
            Proof { verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(), state: String::new() };
        assert_eq!(known.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(!format!("{proof:?}").contains(proof.verifier()));
    }
}
