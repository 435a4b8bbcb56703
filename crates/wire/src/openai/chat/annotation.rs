//! Links as a chat answer shows them.

use serde::Serialize;

use crate::openai::annotation::Link;

#[derive(Debug, Serialize)]
pub(super) struct Annotation<'a> {
    r#type: &'static str,
    url_citation: &'a Link,
}

pub(super) fn shown(links: &[Link]) -> Vec<Annotation<'_>> {
    links.iter().map(|url_citation| Annotation { r#type: "url_citation", url_citation }).collect()
}
