//! Which names we answer to.

use http::header::HOST;
use http::uri::Scheme;
use http::{HeaderMap, Uri};
use llm::Error;

/// Names that always mean this machine. The unusual spellings of the same addresses (`127.1`, `localhost.`) are
/// not among them: nobody needs them.
const HOME: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The one `Host` of a request.
pub(super) fn of<'a>(headers: &'a HeaderMap, uri: &Uri) -> Result<&'a str, Error> {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(Error::invalid("There must be one Host header"));
    };
    let host = host.to_str().map_err(|_| Error::invalid("The Host header is not a host"))?;
    if let Some(authority) = uri.authority()
        && (!authority.as_str().eq_ignore_ascii_case(host)
            || uri.scheme().is_some_and(|scheme| *scheme != Scheme::HTTP))
    {
        return Err(Error::invalid("The request's target and its Host header contradict each other"));
    }
    Ok(host)
}

/// True when `host` is ours: one of [`HOME`] or a listed name, with our port or none. Nothing is matched by its end.
pub(super) fn is_known(host: &str, port: u16, listed: &[String]) -> bool {
    let Some((name, asked)) = split(host) else { return false };
    let our_port = asked.is_none_or(|asked| asked.parse() == Ok(port) && !asked.starts_with(['0', '+']));
    if our_port && HOME.iter().any(|home| home.eq_ignore_ascii_case(name)) {
        return true;
    }
    // A full stop at the end marks a listed DNS name as complete.
    let name = name.strip_suffix('.').unwrap_or(name);
    listed.iter().filter_map(|entry| split(entry)).any(|(listed, at)| {
        listed.eq_ignore_ascii_case(name)
            && match at {
                None => our_port,
                Some(at) => asked == Some(at),
            }
    })
}

/// Name and port.
fn split(host: &str) -> Option<(&str, Option<&str>)> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, rest) = host.split_at(end);
    match rest {
        "" => Some((name, None)),
        _ => rest.strip_prefix(':').map(|port| (name, Some(port))),
    }
}
