//! What a client asks for when it defines the tool.

use llm::{Error, Meaning, Tool, ToolKind};
use serde::Deserialize;
use serde_json::{Value, json};

use super::domains::Domains;
use super::page::Page;

/// The beginning of the tool's `type`, which ends in a date.
const KIND: &str = "web_search_2";

/// A wish to have the web searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The tool's name, by which model and client call it.
    pub name: String,
    /// Searches that the client allows for one answer; `None` leaves it to us.
    pub max_uses: Option<u32>,
    domains: Domains,
}

#[derive(Deserialize)]
struct Definition {
    max_uses: Option<u32>,
    #[serde(default)]
    allowed_domains: Option<Vec<String>>,
    #[serde(default)]
    blocked_domains: Option<Vec<String>>,
}

impl Wish {
    /// The wish of a request, if it has one.
    ///
    /// # Errors
    /// [`llm::Category::InvalidRequest`] when the definition is not what Anthropic takes.
    pub fn read(meaning: &Meaning) -> Result<Option<Self>, Error> {
        let mut wish = None;
        for (at, tool) in meaning.tools.iter().enumerate() {
            let ToolKind::Vendor(definition) = &tool.kind else { continue };
            if !is_search(definition) {
                continue;
            }
            let wrong = |what: &str| Error::invalid(format!("tools.{at}.{what}")).with_param("tools");
            if wish.is_some() || meaning.tools.iter().filter(|other| other.name == tool.name).count() > 1 {
                return Err(wrong("name: Tool names must be unique."));
            }
            let Definition { max_uses, allowed_domains, blocked_domains } =
                Definition::deserialize(definition).map_err(|error| wrong(&error.to_string()))?;
            if max_uses == Some(0) {
                return Err(wrong("max_uses: Input should be greater than 0"));
            }
            let named = |list: Option<Vec<String>>| list.filter(|list| !list.is_empty());
            let domains = match (named(allowed_domains), named(blocked_domains)) {
                (Some(_), Some(_)) => {
                    return Err(wrong(
                        "blocked_domains: Only one of allowed_domains and blocked_domains can be specified.",
                    ));
                }
                (Some(allowed), None) => Domains::Only(allowed),
                (None, Some(blocked)) => Domains::But(blocked),
                (None, None) => Domains::Any,
            };
            wish = Some(Self { name: tool.name.clone(), max_uses, domains });
        }
        Ok(wish)
    }

    /// The tool as a model knows tools.
    #[must_use]
    pub fn tool(&self) -> Tool {
        Tool {
            name: self.name.clone(),
            description: Some(
                "Searches the web and returns titles, addresses and short extracts of pages. Use it for what is newer than \
                 your knowledge or must be certain, with a few precise words. Name the addresses that your answer rests on, \
                 and quote no more of a page than its extract."
                    .to_owned(),
            ),
            schema: json!({
                "type": "object",
                "properties": {"query": {"type": "string", "description": "What to search for."}},
                "required": ["query"],
            }),
            strict: None,
            cache: None,
            kind: ToolKind::Function,
        }
    }

    /// The request with the ordinary tool in the place of the other; without any once the searches are used up.
    #[must_use]
    pub fn granted(&self, meaning: &Meaning, more: bool) -> Meaning {
        let mut granted = meaning.clone();
        granted.tools.retain_mut(|tool| {
            let ours = matches!(&tool.kind, ToolKind::Vendor(definition) if is_search(definition));
            if ours {
                *tool = self.tool();
            }
            more || !ours
        });
        granted
    }

    /// The pages that the client lets through.
    #[must_use]
    pub fn sift(&self, mut pages: Vec<Page>) -> Vec<Page> {
        pages.retain(|page| self.domains.allow(&page.url));
        pages
    }
}

/// Whether a vendor's tool is this one.
fn is_search(definition: &Value) -> bool {
    definition.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with(KIND))
}
