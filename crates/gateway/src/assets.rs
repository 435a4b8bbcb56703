//! The window's pages, served from memory as they were built.
//!
//! The pages come with the binary; nothing is read from disk, so no path can lead anywhere else.

#[cfg(test)]
mod tests;

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::reply::ReplyBody;
use crate::state::Gateway;

/// A file of the window.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// With a leading slash, e.g. `/assets/index-4f3a.js`.
    pub path: &'static str,
    pub content_type: &'static str,
    /// The file, as gzip when `packed`.
    pub body: &'static [u8],
    pub packed: bool,
    /// Quoted, as the header wants it.
    pub etag: &'static str,
    /// Its name changes with its content.
    pub immutable: bool,
}

/// The page that every screen starts from.
const INDEX: &str = "/index.html";

/// What is shown when the binary was built without its pages.
const UNBUILT: &str = "<!doctype html><meta charset=\"utf-8\"><title>Switchboard</title>\
<h1>This build has no window</h1>\
<p>The proxy works. To build the pages: <code>npm ci</code> and <code>npm run build</code> in <code>ui/</code>, \
then <code>cargo build</code> again; <code>cargo xtask run</code> does all three.</p>";

const SEC_FETCH_MODE: &str = "sec-fetch-mode";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The answer to a GET or HEAD that no route of the proxy or of the API takes: a file, or the first page for
/// somebody who opens an address of the window. `None` when it is neither.
pub(crate) fn serve(gateway: &Gateway, head: &Parts) -> Option<Response<ReplyBody>> {
    let pages = gateway.office.pages;
    let path = match head.uri.path() {
        "/" => INDEX,
        path => path,
    };
    if let Some(asset) = pages.iter().find(|asset| asset.path == path) {
        return Some(file(gateway, head, asset));
    }
    if !is_navigation(&head.headers) {
        return None;
    }
    match pages.iter().find(|asset| asset.path == INDEX) {
        Some(index) => Some(file(gateway, head, index)),
        None => {
            let mut answer = Response::new(ReplyBody::piece(UNBUILT));
            *answer.status_mut() = StatusCode::OK;
            let headers = answer.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            protect(gateway, headers);
            Some(answer)
        }
    }
}

/// Whether a person opens an address, and not a program or a page's own request.
pub(crate) fn is_navigation(headers: &HeaderMap) -> bool {
    if let Some(mode) = headers.get(SEC_FETCH_MODE) {
        return mode.as_bytes().eq_ignore_ascii_case(b"navigate");
    }
    let accepts = headers.get(ACCEPT).map_or(&b""[..], HeaderValue::as_bytes);
    accepts.split(|byte| *byte == b',').any(|kind| kind.trim_ascii().starts_with(b"text/html"))
}

/// What the first page's root is, as it was built.
const ROOT: &str = "<html lang=\"en\">";

/// The first page, saying what the person chose: it is drawn right at once, without asking and without a memory of its
/// own, which a window that has another port each time would lose.
fn first_page(gateway: &Gateway, index: &Asset) -> (Bytes, String) {
    let settings = gateway.settings.load();
    let (language, theme) = (settings.language.word(), settings.theme.word());
    let first_run = if settings.first_run_done { "done" } else { "due" };
    let root = format!(
        "<html lang=\"en\" data-language=\"{language}\" data-colours=\"{theme}\" data-first-run=\"{first_run}\">"
    );
    let page = if index.packed { unpacked(index.body) } else { Bytes::from_static(index.body) };
    let page = String::from_utf8_lossy(&page).replacen(ROOT, &root, 1);
    let tag = format!("{}-{language}-{theme}-{first_run}\"", index.etag.trim_end_matches('"'));
    (page.into(), tag)
}

fn file(gateway: &Gateway, head: &Parts, asset: &Asset) -> Response<ReplyBody> {
    let mut answer = Response::new(ReplyBody::empty());
    let headers = answer.headers_mut();
    let keep = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    let drawn = (asset.path == INDEX).then(|| first_page(gateway, asset));
    let tag = drawn.as_ref().map_or(asset.etag, |(_, tag)| tag);
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(ETAG, tag);
    }
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    protect(gateway, headers);
    let known = head.headers.get(IF_NONE_MATCH).map_or(&b""[..], HeaderValue::as_bytes);
    if known.split(|byte| *byte == b',').any(|known| known.trim_ascii() == tag.as_bytes()) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return answer;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    let body = match (asset.packed, takes_gzip(&head.headers)) {
        _ if drawn.is_some() => drawn.map(|(page, _)| page).unwrap_or_default(),
        (true, true) => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Bytes::from_static(asset.body)
        }
        (true, false) => unpacked(asset.body),
        (false, _) => Bytes::from_static(asset.body),
    };
    *answer.body_mut() = ReplyBody::piece(body);
    answer
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT_ENCODING).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|coding| {
            let mut parts = coding.split(|byte| *byte == b';');
            let name = parts.next().unwrap_or_default().trim_ascii();
            let refused = parts.any(|part| part.trim_ascii() == b"q=0");
            name.eq_ignore_ascii_case(b"gzip") && !refused
        })
    })
}

/// No browser needs this; programs that fetch a page may.
fn unpacked(packed: &[u8]) -> Bytes {
    let mut plain = Vec::new();
    // We packed it ourselves when the binary was built.
    let _ = GzDecoder::new(packed).read_to_end(&mut plain);
    plain.into()
}

/// What a page may do: run our own files and talk to us, nothing else. A script that got in through a model's answer
/// would find no place to run and nowhere to send anything.
fn protect(gateway: &Gateway, headers: &mut HeaderMap) {
    let mut policy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
        font-src 'self'; object-src 'none'; frame-src 'none'; frame-ancestors 'none'; base-uri 'none'; \
        form-action 'none'; connect-src 'self'"
        .to_owned();
    // The chat talks to the proxy, which may have a port of its own.
    for origin in crate::office::origins_of(&gateway.addresses.load()) {
        // The policy's grammar has no addresses in brackets.
        if !origin.contains('[') {
            policy.push(' ');
            policy.push_str(&origin);
        }
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
}
