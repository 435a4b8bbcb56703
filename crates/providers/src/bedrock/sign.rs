//! Proving who we are: SigV4 signatures and API keys.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use llm::{Category, Error, Payload};
use sha2::{Digest, Sha256};

use super::endpoint::Service;
use crate::http::Outgoing;
use crate::{Identity, Session};

/// Adds what proves the session's identity to `service`. Every header already there is covered by the signature, so nothing may
/// be added afterwards.
///
/// # Errors
/// [`Category::NoCredentials`] when a key cannot stand in a header, [`Category::Internal`] when the request cannot
/// be signed.
pub(crate) fn authorize(
    outgoing: &mut Outgoing,
    session: &Session,
    service: Service,
    now: SystemTime,
) -> Result<(), Error> {
    match &session.identity {
        Identity::Bearer(key) => {
            let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose())).map_err(|_| {
                Error::new(Category::NoCredentials, "The Bedrock API key holds characters that no key has.")
            })?;
            value.set_sensitive(true);
            outgoing.headers.insert(AUTHORIZATION, value);
            Ok(())
        }
        Identity::SigV4(credentials) => {
            let now = shifted(now, session.clock_offset);
            sign_v4(outgoing, credentials, &session.account.region, service.signing_name(), now)
        }
        Identity::Kiro(_) => {
            Err(Error::new(Category::Internal, "A Kiro sign-in was handed to Amazon Bedrock."))
        }
    }
}

fn sign_v4(
    outgoing: &mut Outgoing,
    credentials: &aws_credential_types::Credentials,
    region: &str,
    service: &str,
    now: SystemTime,
) -> Result<(), Error> {
    let failed = |what: &dyn std::fmt::Display| {
        Error::new(Category::Internal, format!("The request could not be signed: {what}."))
    };
    let host = authority(&outgoing.url);
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| failed(&error))?
        .into();
    let headers = outgoing
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .chain(std::iter::once((HOST.as_str(), host.as_str())));
    let body = SignableBody::Precomputed(digest(&outgoing.payload));
    let signable = SignableRequest::new(outgoing.method.as_str(), outgoing.url.as_str(), headers, body)
        .map_err(|error| failed(&error))?;
    let (signature, _) = sign(signable, &params).map_err(|error| failed(&error))?.into_parts();
    let (added, _) = signature.into_parts();
    for header in added {
        let mut value = HeaderValue::try_from(header.value()).map_err(|error| failed(&error))?;
        value.set_sensitive(header.sensitive());
        outgoing.headers.insert(HeaderName::from_static(header.name()), value);
    }
    Ok(())
}

/// `Host` as the client will send it.
fn authority(url: &url::Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    }
}

/// SHA-256 of a body in hexadecimal, without putting its pieces together.
fn digest(payload: &Payload) -> String {
    let mut hasher = Sha256::new();
    for piece in payload.pieces() {
        hasher.update(piece);
    }
    hex::encode(hasher.finalize())
}

/// Our clock, put right by what the upstream's `Date` told. AWS refuses signatures more than five minutes off.
fn shifted(now: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 { now.checked_sub(by) } else { now.checked_add(by) };
    moved.unwrap_or(now)
}

#[cfg(test)]
mod tests;
