//! A secret as it is kept: encrypted.

use std::fmt;

/// The ciphertext of a secret, `v1|kid|nonce|ciphertext`. There is no way from here to the secret without the key, which
/// another crate holds; and no way to make one of a plain text by mistake.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Sealed(String);

impl Sealed {
    /// Takes a text that has the form; `None` for any other, such as a secret that was never encrypted.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        let (version, kid, nonce, ciphertext) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let base64 = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        };
        let good = version == "v1" && hex(kid) && base64(nonce) && base64(ciphertext);
        (good && parts.next().is_none()).then(|| Self(text.to_owned()))
    }

    /// The stored form; empty where there was nothing that could be read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Names the key that it was encrypted with.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.0.split('|').nth(1).unwrap_or_default()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<sealed>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ciphertext_has_the_form() {
        let sealed = Sealed::parse("v1|00ff|AAAA|Zm9v+/").unwrap();
        assert_eq!((sealed.kid(), sealed.as_str()), ("00ff", "v1|00ff|AAAA|Zm9v+/"));
        assert_eq!(format!("{sealed:?}"), "<sealed>");
        for plain in [
            "",
            "{\"kind\":\"x\"}",
            "sk-switchboard-1",
            "v1|00ff|AAAA",
            "v1|00ff|AAAA|Zm9v|x",
            "v2|00|AA|AA",
            "v1|kid|AA|AA",
            "v1||AA|AA",
            "v1|00|AA|",
        ] {
            assert_eq!(Sealed::parse(plain), None, "{plain}");
        }
    }
}
