//! Which sites a client wants results from.

/// `example.com` stands for its subdomains too, `docs.example.com` for that one alone, `example.com/blog` for what lies below;
/// one `*` may stand in the path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Domains {
    #[default]
    Any,
    Only(Vec<String>),
    But(Vec<String>),
}

impl Domains {
    pub(super) fn allow(&self, url: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(sites) => sites.iter().any(|site| covers(site, url)),
            Self::But(sites) => !sites.iter().any(|site| covers(site, url)),
        }
    }
}

/// Host, in lower case, and path of an address.
fn parts(url: &str) -> (String, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    (host.trim_end_matches('.').to_ascii_lowercase(), path)
}

fn covers(site: &str, url: &str) -> bool {
    let (wanted, below) = parts(site.trim());
    let (host, path) = parts(url);
    let under = host == wanted || host.strip_suffix(&wanted).is_some_and(|rest| rest.ends_with('.'));
    under
        && match below.trim_end_matches('/').split_once('*') {
            Some((before, after)) => {
                path.strip_prefix(before).is_some_and(|rest| after.is_empty() || rest.contains(after))
            }
            None => path
                .strip_prefix(below.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || below.len() < 2 || rest.starts_with(['/', '?', '#'])),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_covers_its_subdomains_and_what_lies_below_its_path() {
        for (site, url, covered) in [
            ("example.com", "https://example.com", true),
            ("example.com", "https://Docs.Example.com:443/a?b", true),
            ("example.com", "https://badexample.com/", false),
            ("example.com", "https://example.com.evil.org/", false),
            ("example.com", "https://example.com@evil.org/", false),
            ("docs.example.com", "https://example.com/", false),
            ("https://example.com/", "https://example.com/x", true),
            ("example.com/blog", "https://example.com/blog/one", true),
            ("example.com/blog", "https://example.com/blogs", false),
            ("example.com/blog", "https://example.com/blog?x", true),
            ("example.com/*/news", "https://example.com/en/news/1", true),
            ("example.com/*/news", "https://example.com/en/old", false),
            ("example.com/blog/*", "https://example.com/blog/one", true),
        ] {
            assert_eq!(covers(site, url), covered, "{site} {url}");
            assert_eq!(Domains::Only(vec![site.to_owned()]).allow(url), covered);
            assert_eq!(Domains::But(vec![site.to_owned()]).allow(url), !covered);
        }
    }
}
