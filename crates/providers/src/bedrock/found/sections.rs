//! The files of AWS's tools, as far as a list of what is in them needs. AWS's own library reads them again when a profile is
//! used; it hands out no sections but profiles.

use std::collections::BTreeMap;

/// What a section is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Profile,
    /// `[sso-session ...]`.
    Session,
}

/// One section with its keys, in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) sort: Sort,
    pub(super) name: String,
    pub(super) keys: BTreeMap<String, String>,
}

/// The profiles and sessions of a file. In the credentials file profiles are `bare`: they go by their names alone.
pub(super) fn sections(text: &str, bare: bool) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut within = false;
    for line in text.lines() {
        // Indented lines belong to the key above.
        if line.starts_with([' ', '\t']) || line.trim().is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            let head = rest.split(']').next().unwrap_or_default().trim();
            let (word, name) = head.split_once([' ', '\t']).unwrap_or((head, ""));
            let name = name.trim().trim_matches(['"', '\'']);
            let (sort, name) = match word {
                _ if bare => (Some(Sort::Profile), head),
                "default" if name.is_empty() => (Some(Sort::Profile), "default"),
                "profile" => (Some(Sort::Profile), name),
                "sso-session" => (Some(Sort::Session), name),
                _ => (None, ""),
            };
            within = !name.is_empty();
            if let Some(sort) = sort.filter(|_| within) {
                sections.push(Section { sort, name: name.to_owned(), keys: BTreeMap::new() });
            }
            continue;
        }
        let (Some(section), Some((key, value))) =
            (sections.last_mut().filter(|_| within), line.split_once('='))
        else {
            continue;
        };
        // A comment begins after a space.
        let value = [" #", " ;", "\t#", "\t;"]
            .iter()
            .fold(value, |left, mark| left.split_once(mark).map_or(left, |(before, _)| before));
        section.keys.insert(key.trim().to_lowercase(), value.trim().to_owned());
    }
    sections
}
