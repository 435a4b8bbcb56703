//! AWS Signature Version 4, verified by making it again.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;

use super::Caller;
use crate::clock::{amz_date, parse_amz_date};
use crate::{AccessKey, Refusal};

/// How far the two clocks may differ.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your \
AWS Secret Access Key and signing method. Consult the service documentation for details.";

/// The parts of an `Authorization: AWS4-HMAC-SHA256 ...` value.
struct Claim<'a> {
    key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed: Vec<&'a str>,
    signature: &'a str,
}

pub(super) fn verify(
    keys: &[&AccessKey],
    service: &str,
    given: &str,
    head: &Parts,
    body: &Bytes,
    now: SystemTime,
) -> Result<Caller, Refusal> {
    let claim = Claim::parse(given)?;
    let Some(stamp) = text(&head.headers, "x-amz-date") else {
        return Err(incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ));
    };
    let Some(signed_at) = parse_amz_date(stamp) else {
        return Err(incomplete("Date must be in ISO-8601 'basic format'."));
    };
    let Some(known) = keys.iter().find(|known| known.id == claim.key) else {
        return Err(unrecognized());
    };
    if claim.service != service {
        return Err(invalid(format!("Credential should be scoped to correct service: '{service}'. ")));
    }
    if !stamp.starts_with(claim.date) {
        return Err(invalid(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
             '{stamp}'.",
            claim.date
        )));
    }
    check_clock(stamp, signed_at, now)?;
    check_signed_headers(&claim, &head.headers)?;
    if !same(&signature(known, &claim, head, body, signed_at)?, claim.signature) {
        return Err(invalid(MISMATCH.into()));
    }
    match (&known.token, text(&head.headers, "x-amz-security-token")) {
        (None, None) => {}
        (Some(token), Some(given)) if token == given => {}
        _ => return Err(unrecognized()),
    }
    if known.expired {
        let message = "The security token included in the request is expired";
        return Err(Refusal::new(403, "ExpiredTokenException", message));
    }
    Ok(Caller { key: claim.key.into(), region: Some(claim.region.into()) })
}

impl<'a> Claim<'a> {
    fn parse(given: &'a str) -> Result<Self, Refusal> {
        let Some(fields) = given.strip_prefix("AWS4-HMAC-SHA256 ") else {
            return Err(incomplete("Authorization header requires 'AWS4-HMAC-SHA256' algorithm."));
        };
        let field = |name: &str| {
            fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('=')).ok_or_else(
                || {
                    incomplete(&format!(
                        "Authorization header requires '{name}' parameter. Authorization={given}"
                    ))
                },
            )
        };
        let credential = field("Credential")?;
        let scope: Vec<&str> = credential.split('/').collect();
        let &[key, date, region, service, "aws4_request"] = scope.as_slice() else {
            return Err(incomplete(&format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
                 '{credential}'"
            )));
        };
        let signed = field("SignedHeaders")?.split(';').collect();
        Ok(Self { key, date, region, service, signed, signature: field("Signature")? })
    }
}

fn check_clock(stamp: &str, signed_at: SystemTime, now: SystemTime) -> Result<(), Refusal> {
    let (earliest, latest) = (now - TOLERANCE, now + TOLERANCE);
    if signed_at < earliest {
        return Err(invalid(format!(
            "Signature expired: {stamp} is now earlier than {} ({} - 5 min.)",
            amz_date(earliest),
            amz_date(now)
        )));
    }
    if signed_at > latest {
        return Err(invalid(format!(
            "Signature not yet current: {stamp} is still later than {} ({} + 5 min.)",
            amz_date(latest),
            amz_date(now)
        )));
    }
    Ok(())
}

/// Host and every `x-amz-` header that was sent must be under the signature, else it could be changed on the way.
fn check_signed_headers(claim: &Claim<'_>, headers: &HeaderMap) -> Result<(), Refusal> {
    let sent = headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
    for name in std::iter::once("host").chain(sent) {
        if !claim.signed.contains(&name) {
            return Err(invalid(format!("'{name}' must be a 'SignedHeader' in the AWS Credential.")));
        }
    }
    Ok(())
}

fn signature(
    known: &AccessKey,
    claim: &Claim<'_>,
    head: &Parts,
    body: &Bytes,
    signed_at: SystemTime,
) -> Result<String, Refusal> {
    let host = text(&head.headers, "host").unwrap_or("localhost");
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let signed = head
        .headers
        .iter()
        .filter(|(name, _)| claim.signed.contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let request = SignableRequest::new(
        head.method.as_str(),
        format!("http://{host}{target}"),
        signed,
        SignableBody::Bytes(body),
    )
    .map_err(|_| invalid(MISMATCH.into()))?;
    let mut settings = SigningSettings::default();
    // The headers are filtered by what the caller signed: nothing of them may be left out or added here.
    settings.excluded_headers = None;
    let identity = Credentials::new(&*known.id, &*known.secret, None, None, "emulator").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(claim.region)
        .name(claim.service)
        .time(signed_at)
        .settings(settings)
        .build()
        .map_err(|_| invalid(MISMATCH.into()))?;
    sign(request, &params.into())
        .map(|made| made.signature().to_owned())
        .map_err(|_| invalid(MISMATCH.into()))
}

/// Compares without telling by its time how much was right.
fn same(ours: &str, theirs: &str) -> bool {
    ours.len() == theirs.len()
        && ours.bytes().zip(theirs.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn invalid(message: String) -> Refusal {
    Refusal::new(403, "InvalidSignatureException", message)
}

fn incomplete(message: &str) -> Refusal {
    Refusal::new(403, "IncompleteSignatureException", message)
}

fn unrecognized() -> Refusal {
    Refusal::new(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
}
