//! Which web pages may call us.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use llm::{Category, Error};

use super::Policy;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const REQUEST_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// The listed origin that asks; `None` for our own pages and for programs.
///
/// # Errors
/// 403 for any other page.
pub(super) fn check(
    method: &Method,
    target: &Uri,
    headers: &HeaderMap,
    host: &str,
    policy: Policy<'_>,
) -> Result<Option<HeaderValue>, Error> {
    let foreign = || {
        Err(Error::new(
            Category::Forbidden,
            "Requests from this web origin are refused. Add it to allowed_origins if you trust it",
        ))
    };
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => {}
        (Some(origin), None) => {
            let Ok(text) = origin.to_str() else { return foreign() };
            let among = |list: &[String]| list.iter().any(|listed| listed.eq_ignore_ascii_case(text));
            if among(policy.origins) {
                return Ok(Some(origin.clone()));
            }
            let own = text.strip_prefix("http://").is_some_and(|name| name.eq_ignore_ascii_case(host));
            // A page of ours at another port is of the same site, and never of another.
            if !own && among(policy.own) && !came(headers, b"cross-site") {
                return Ok(Some(origin.clone()));
            }
            if !own {
                return foreign();
            }
        }
        (Some(_), Some(_)) => return foreign(),
    }
    // The window goes where the proxy went. Whoever else on this machine leads a tab to our front page gains nothing by it.
    // Another port is another origin, so the page cannot be read; it has no permission to be (no CORS), opens in no frame
    // and gives no handle (opener policy). The answer is the same with and without a session, though browsers send the
    // cookie along, for to them a port is no other site. And a GET of it changes nothing.
    if *method == Method::GET && target.path() == "/" && opens_tab(headers) {
        return Ok(None);
    }
    // `none` is the person at the address bar, `same-origin` our own page; programs send nothing.
    let elsewhere = came(headers, b"cross-site") || came(headers, b"same-site");
    if elsewhere { foreign() } else { Ok(None) }
}

/// Whether a browser says that a page of this machine, at whatever port, leads a whole tab here.
fn opens_tab(headers: &HeaderMap) -> bool {
    let only = |name, value: &[u8]| {
        let mut said = headers.get_all(name).iter();
        said.next().is_some_and(|first| first.as_bytes() == value) && said.next().is_none()
    };
    only(SEC_FETCH_SITE, b"same-site")
        && only(SEC_FETCH_MODE, b"navigate")
        && only(SEC_FETCH_DEST, b"document")
        && !headers.contains_key(ORIGIN)
}

/// Whether a browser says that a request comes from such a place.
fn came(headers: &HeaderMap, from: &[u8]) -> bool {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    sites.any(|site| site.as_bytes().trim_ascii().eq_ignore_ascii_case(from))
}

/// Answers "may I?" of a listed origin; `None` when the request asks nothing.
pub(super) fn preflight(headers: &HeaderMap, origin: &HeaderValue) -> Option<HeaderMap> {
    headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    let mut answer = HeaderMap::with_capacity(8);
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    );
    // A listed origin may send what it likes, and `*` would leave out Authorization.
    if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).filter(|asked| is_list(asked)) {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    if headers.contains_key(REQUEST_PRIVATE_NETWORK) {
        answer.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    answer.insert(VARY, HeaderValue::from_static("Origin, Access-Control-Request-Headers"));
    Some(answer)
}

/// True for a list of header names.
fn is_list(value: &HeaderValue) -> bool {
    value.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_, ".contains(byte))
}
