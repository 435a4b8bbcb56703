//! When a request must name the account's profile, and when it must not.

use super::account::{KiroAccount, KiroKind};
use super::errors::case;
use crate::Refusal;

/// `us-east-1` of `arn:aws:codewhisperer:us-east-1:000011112222:profile/EXAMPLEPROF01`.
pub(super) fn region(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    let known = parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| partition.starts_with("aws"))
        && parts.next() == Some("codewhisperer");
    let region = parts.next().filter(|region| !region.is_empty())?;
    let owner = parts.next()?;
    let name = parts.next()?.strip_prefix("profile/")?;
    let numbered = owner.len() == 12 && owner.bytes().all(|digit| digit.is_ascii_digit());
    let named =
        !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-');
    (known && numbered && named && parts.next().is_none()).then_some(region)
}

/// Judges the profile that a request names in its body, its query or a header.
pub(super) fn check(account: &KiroAccount, given: &[Option<&str>], needed: bool) -> Result<(), Refusal> {
    let mut given = given.iter().flatten();
    let Some(first) = given.next() else {
        if needed && account.profile_arn.is_some() {
            return Err(case("profile_required").because("no profileArn"));
        }
        return Ok(());
    };
    if given.any(|other| other != first) {
        return Err(case("malformed_with_reason").because("body and header name different profiles"));
    }
    let Some(region) = region(first) else {
        return Err(
            case("malformed_with_reason").because(format!("profileArn {first:?} is no ARN of a profile"))
        );
    };
    match account.profile_arn.as_deref() {
        None if account.kind == KiroKind::ApiKey => {
            Err(case("not_authorized").because("an API key must not be sent with a profileArn"))
        }
        None => Err(case("not_authorized").because("a Builder ID without a profile must not name one")),
        Some(own) if own == *first => Ok(()),
        Some(own) if own.replace(self::region(own).unwrap_or_default(), region) == *first => {
            Err(case("not_authorized").because("the profile is of another region"))
        }
        Some(_) => Err(case("malformed_with_reason").because("nobody's profileArn")),
    }
}
