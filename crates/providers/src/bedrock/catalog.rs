//! The built-in list of models: what is known without asking AWS.
//!
//! Facts here serve an account whose control plane cannot be read, and fill in what the control plane does not
//! tell (windows, prices, switches). Parsed once, on first use.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

use llm::{CachePoints, Effort, Model, Price, StructuredOutput, ThinkingStyle, ToolSupport, Wire};

use super::claude_name::ClaudeName;
use super::{facts, geo};

static BUILT_IN: LazyLock<Catalog> = LazyLock::new(|| Catalog::parse(include_str!("catalog.json")));

/// The list of models, by foundation id.
#[derive(Debug)]
pub struct Catalog {
    entries: Vec<Entry>,
    by_id: HashMap<Box<str>, usize>,
}

/// A model of the list, not yet tied to an account.
#[derive(Debug)]
pub struct Entry {
    /// The facts, under the foundation id and at the base price.
    pub model: Model,
    /// Prefixes of the inference profiles that serve it; empty when only the bare id does.
    pub profiles: Vec<Box<str>>,
    /// Takes embedding requests, not conversations.
    pub embedding: bool,
    /// Answers on Converse or InvokeModel; false for models that only newer endpoints serve.
    pub conversing: bool,
    /// Known to be gone, without a published date.
    pub retired: bool,
    /// Takes a last message of the assistant to continue from.
    pub prefill: bool,
    /// Takes the tool-search tools.
    pub tool_search: bool,
    geo_price_factor: f64,
    pub(super) claude: Option<ClaudeName>,
    served: [OnceLock<Arc<Model>>; geo::COUNT + 1],
}

impl Catalog {
    /// The list that comes with the program.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Reads a list. A text that is not one gives an empty list, which a test rules out for the built-in one.
    fn parse(text: &str) -> Self {
        let entries: Vec<Entry> = serde_json::from_str::<File>(text)
            .map(|file| file.models.into_iter().map(Entry::from).collect())
            .unwrap_or_default();
        let by_id =
            entries.iter().enumerate().map(|(at, entry)| (entry.model.id.as_str().into(), at)).collect();
        Self { entries, by_id }
    }

    /// Finds a model by foundation id, by inference-profile id (`us.` and so on in front), or by the ARN of
    /// either.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Entry> {
        let id = if id.starts_with("arn:") { id.rsplit_once('/')?.1 } else { id };
        let at = self.by_id.get(id).or_else(|| self.by_id.get(geo::split(id).1))?;
        self.entries.get(*at)
    }

    /// All models, retired ones and embeddings included.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

impl Entry {
    /// The model as a profile serves it, or as its bare id does. Geographic profiles cost more than the global
    /// one.
    #[must_use]
    pub fn served(&self, prefix: Option<&str>) -> Arc<Model> {
        let slot = match prefix {
            None => Some(geo::COUNT),
            Some(prefix) => geo::index(prefix),
        };
        match slot.and_then(|slot| self.served.get(slot)) {
            Some(slot) => Arc::clone(slot.get_or_init(|| Arc::new(self.make(prefix)))),
            None => Arc::new(self.make(prefix)),
        }
    }

    fn make(&self, prefix: Option<&str>) -> Model {
        let mut model = self.model.clone();
        let Some(prefix) = prefix else { return model };
        model.id = format!("{prefix}.{}", self.model.id);
        let factor = match prefix {
            "global" => 1.0,
            // Government regions cost about a fifth more where others cost a tenth more.
            "us-gov" if self.geo_price_factor > 1.0 => 1.2,
            _ => self.geo_price_factor,
        };
        model.price = model.price.map(|price| Price {
            input: price.input * factor,
            output: price.output * factor,
            cache_read: price.cache_read.map(|price| price * factor),
            cache_write: price.cache_write.map(|price| price * factor),
            cache_write_1h: price.cache_write_1h.map(|price| price * factor),
        });
        model
    }

    /// Whether it is past its last day. `today` is an ISO date.
    #[must_use]
    pub fn is_retired(&self, today: &str) -> bool {
        self.retired || self.model.end_of_life.as_deref().is_some_and(|last| last < today)
    }
}

/// The facts of a model that is not in the list, guessed from its foundation id.
pub(super) fn unlisted(id: &str, prefix: Option<&str>) -> Model {
    let vendor = id.split_once('.').map_or("unknown", |(vendor, _)| vendor);
    let mut model = match ClaudeName::parse(id) {
        Some(name) => unlisted_claude(&name),
        None => unlisted_open(id, vendor),
    };
    model.id = prefix.map_or_else(|| id.to_owned(), |prefix| format!("{prefix}.{id}"));
    model
}

/// New Claude models have so far kept what the newest had and taken away switches: the strictest reading works.
fn unlisted_claude(name: &ClaudeName) -> Model {
    let new = name.rank() >= (4, 6);
    Model {
        id: String::new(),
        name: name.friendly(),
        display_name: name.display(),
        vendor: "anthropic".into(),
        wire: Wire::AnthropicMessages,
        context: if new { 1_000_000 } else { 200_000 },
        max_output: if new { 128_000 } else { 64_000 },
        price: None,
        tools: ToolSupport::Yes,
        system: true,
        vision: true,
        documents: true,
        thinking: facts::claude_thinking(name),
        efforts: if new { facts::ALL_CLAUDE_EFFORTS.to_vec() } else { Vec::new() },
        structured_output: if new { StructuredOutput::TryThenFallback } else { StructuredOutput::No },
        cache: CachePoints { system: true, messages: true, tools: true, one_hour: new },
        cache_min_tokens: if new { 512 } else { 1024 },
        sampling: !new,
        forced_tool_use: !new,
        mid_conversation_system: new,
        end_of_life: None,
    }
}

fn unlisted_open(id: &str, vendor: &str) -> Model {
    let name = facts::open_name(id);
    let thinking = facts::open_thinking(id, vendor == "openai" || vendor == "xai");
    Model {
        id: String::new(),
        display_name: facts::open_display(&name),
        name,
        vendor: vendor.into(),
        wire: Wire::BedrockConverse,
        context: 0,
        max_output: 0,
        price: None,
        tools: ToolSupport::Yes,
        system: facts::takes_system(id),
        vision: true,
        documents: facts::takes_documents(id, vendor),
        thinking,
        efforts: facts::open_efforts(id, thinking),
        structured_output: facts::open_structured_output(id),
        cache: facts::open_cache(id),
        cache_min_tokens: 0,
        sampling: facts::takes_sampling(id),
        forced_tool_use: facts::takes_forced_tools(id),
        mid_conversation_system: false,
        end_of_life: None,
    }
}

#[derive(serde::Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    models: Vec<Row<'a>>,
}

#[derive(serde::Deserialize)]
struct Row<'a> {
    id: &'a str,
    vendor: &'a str,
    kind: &'a str,
    #[serde(borrow, default)]
    profiles: Vec<&'a str>,
    context: u32,
    max_output: Option<u32>,
    usd_per_mtok: Option<Usd>,
    geo_price_factor: Option<f64>,
    #[serde(borrow)]
    tools: Option<Tools<'a>>,
    #[serde(default)]
    vision: bool,
    #[serde(default)]
    thinking: bool,
    #[serde(default)]
    effort: Vec<&'a str>,
    structured_output: Option<&'a str>,
    cache_min_tokens: Option<u32>,
    sampling_params: Option<bool>,
    forced_tool_use: Option<bool>,
    assistant_prefill: Option<bool>,
    mid_conversation_system: Option<bool>,
    tool_search: Option<bool>,
    eol: Option<&'a str>,
    #[serde(default)]
    retired: bool,
    converse: Option<bool>,
}

#[derive(serde::Deserialize)]
struct Usd {
    #[serde(rename = "in")]
    input: f64,
    out: f64,
    cache_read: Option<f64>,
    cache_write_5m: Option<f64>,
    cache_write_1h: Option<f64>,
}

/// `true`, `false` or `"non-stream only"`.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Tools<'a> {
    Plain(bool),
    Limited(#[expect(dead_code, reason = "any word means the one limit there is")] &'a str),
}

impl From<Row<'_>> for Entry {
    fn from(row: Row<'_>) -> Self {
        let claude = ClaudeName::parse(row.id);
        let price = row.usd_per_mtok.map(|usd| Price {
            input: usd.input,
            output: usd.out,
            cache_read: usd.cache_read,
            cache_write: usd.cache_write_5m,
            cache_write_1h: usd.cache_write_1h,
        });
        let thinking = match &claude {
            Some(_) if !row.thinking => ThinkingStyle::No,
            Some(name) => facts::claude_thinking(name),
            None => facts::open_thinking(row.id, row.thinking),
        };
        let name = claude.map_or_else(|| facts::open_name(row.id), |name| name.friendly());
        let one_hour = price.is_some_and(|price| price.cache_write_1h.is_some());
        let model = Model {
            id: row.id.to_owned(),
            display_name: claude.map_or_else(|| facts::open_display(&name), |name| name.display()),
            name,
            vendor: row.vendor.to_owned(),
            wire: if claude.is_some() { Wire::AnthropicMessages } else { Wire::BedrockConverse },
            context: row.context,
            max_output: row.max_output.unwrap_or(0),
            price,
            tools: match row.tools {
                Some(Tools::Plain(true)) => ToolSupport::Yes,
                Some(Tools::Limited(_)) => ToolSupport::WholeOnly,
                // R1 calls tools when the answer is not streamed, Voxtral although its card says no.
                _ if row.id.starts_with("deepseek.r1") => ToolSupport::WholeOnly,
                _ if row.id.starts_with("mistral.mistral-7b") || row.id.starts_with("mistral.mixtral") => {
                    ToolSupport::WholeOnly
                }
                _ if row.id.starts_with("mistral.voxtral") => ToolSupport::Yes,
                _ => ToolSupport::No,
            },
            system: facts::takes_system(row.id),
            vision: row.vision,
            documents: facts::takes_documents(row.id, row.vendor),
            thinking,
            efforts: match &claude {
                Some(_) => row.effort.iter().filter_map(|word| Effort::parse(word)).collect(),
                None => facts::open_efforts(row.id, thinking),
            },
            structured_output: match row.structured_output {
                Some("native") => StructuredOutput::Native,
                Some("try-then-fallback") => StructuredOutput::TryThenFallback,
                Some(_) => StructuredOutput::No,
                None => facts::open_structured_output(row.id),
            },
            cache: match &claude {
                Some(_) => CachePoints { system: true, messages: true, tools: true, one_hour },
                None => facts::open_cache(row.id),
            },
            // Nova caches prefixes from a thousand tokens on.
            cache_min_tokens: row.cache_min_tokens.unwrap_or(if facts::open_cache(row.id).system {
                1000
            } else {
                0
            }),
            sampling: row.sampling_params.unwrap_or_else(|| facts::takes_sampling(row.id)),
            forced_tool_use: row.forced_tool_use.unwrap_or_else(|| facts::takes_forced_tools(row.id)),
            mid_conversation_system: row.mid_conversation_system.unwrap_or(false),
            end_of_life: row.eol.map(str::to_owned),
        };
        Self {
            model,
            profiles: row.profiles.into_iter().map(Into::into).collect(),
            embedding: row.kind != "chat",
            conversing: row.converse.unwrap_or(row.kind == "chat"),
            retired: row.retired,
            prefill: row.assistant_prefill.unwrap_or(false),
            tool_search: row.tool_search.unwrap_or(false),
            geo_price_factor: row.geo_price_factor.unwrap_or(1.0),
            claude,
            served: Default::default(),
        }
    }
}

#[cfg(test)]
mod tests;
