//! Which models exist, under which ids, and what they can do.

mod table;
#[cfg(test)]
mod tests;

pub(crate) use table::MODELS;

use crate::Refusal;

/// Takes images.
const VISION: u16 = 1;
/// Answers with reasoning first.
const THINKS: u16 = 1 << 1;
/// Has service tiers besides the default one.
const TIERS: u16 = 1 << 2;
/// Has structured output.
const FORMATS: u16 = 1 << 3;
/// Is invoked through an inference profile only.
const PROFILE: u16 = 1 << 4;
/// Has reached the end of its life.
const RETIRED: u16 = 1 << 5;
/// The last message may be the assistant's, to be continued.
const PREFILL: u16 = 1 << 6;
/// Takes temperature, top_p and top_k.
const SAMPLING: u16 = 1 << 7;
/// May be forced to call a tool.
const FORCED: u16 = 1 << 8;
/// Takes system messages in the middle of a conversation.
const MID_SYSTEM: u16 = 1 << 9;
/// Knows the tool-search tools.
const TOOL_SEARCH: u16 = 1 << 10;
/// Caches prompts for an hour on request.
const HOUR: u16 = 1 << 11;

/// The application inference profile that an account of the emulator has, by its last ARN part.
pub(crate) const APPLICATION_PROFILE: (&str, &str) =
    ("abc123def456", "us.anthropic.claude-sonnet-4-5-20250929-v1:0");

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) id: &'static str,
    /// Geographic prefixes of its inference profiles, separated by spaces.
    pub(crate) profiles: &'static str,
    /// Tokens.
    pub(crate) context: u64,
    pub(crate) max_output: u64,
    pub(crate) tools: Tools,
    /// Only meaningful for Claude.
    pub(crate) thoughts: Thoughts,
    /// Effort levels, separated by spaces.
    pub(crate) effort: &'static str,
    /// The shortest prefix that is cached, in tokens; `None` for models without prompt caching.
    pub(crate) cache_least: Option<u64>,
    flags: u16,
}

/// How a model uses tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tools {
    Yes,
    /// Not while streaming.
    Whole,
    No,
}

/// Which thinking modes a Claude has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thoughts {
    Never,
    /// `enabled` with a budget.
    Extended,
    /// `enabled` and `adaptive`.
    Either,
    /// `adaptive` or `disabled`.
    Adaptive,
    /// `adaptive`; cannot be switched off.
    Always,
}

const fn chat(
    id: &'static str,
    profiles: &'static str,
    context: u64,
    max_output: u64,
    tools: Tools,
    flags: u16,
) -> Model {
    let thoughts = Thoughts::Never;
    Model { id, profiles, context, max_output, tools, thoughts, effort: "", cache_least: None, flags }
}

#[expect(clippy::too_many_arguments, reason = "a row of a table")]
const fn claude(
    id: &'static str,
    profiles: &'static str,
    context: u64,
    max_output: u64,
    cache_least: u64,
    thoughts: Thoughts,
    effort: &'static str,
    flags: u16,
) -> Model {
    let flags = flags | VISION | PROFILE;
    let cache_least = Some(cache_least);
    Model { id, profiles, context, max_output, tools: Tools::Yes, thoughts, effort, cache_least, flags }
}

/// Serves the magic ids: everything works, so that only the fault in the id is seen.
static MAGIC: Model = claude(
    "test.echo",
    "",
    1_000_000,
    128_000,
    1024,
    Thoughts::Either,
    "low medium high xhigh max",
    PREFILL | SAMPLING | FORCED | MID_SYSTEM | TOOL_SEARCH | HOUR | FORMATS | TIERS,
);

impl Model {
    const fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    pub(crate) fn is_claude(&self) -> bool {
        self.vendor() == "anthropic" || self.is_magic()
    }

    pub(crate) fn is_magic(&self) -> bool {
        self.vendor() == "test"
    }

    pub(crate) fn is_nova(&self) -> bool {
        self.id.starts_with("amazon.nova")
    }

    pub(crate) fn vendor(&self) -> &'static str {
        self.id.split('.').next().unwrap_or_default()
    }

    pub(crate) const fn sees(&self) -> bool {
        self.has(VISION)
    }

    /// Answers with reasoning without being asked.
    pub(crate) const fn thinks(&self) -> bool {
        self.has(THINKS)
    }

    pub(crate) const fn has_tiers(&self) -> bool {
        self.has(TIERS)
    }

    pub(crate) const fn has_formats(&self) -> bool {
        self.has(FORMATS)
    }

    pub(crate) const fn profile_only(&self) -> bool {
        self.has(PROFILE)
    }

    pub(crate) const fn retired(&self) -> bool {
        self.has(RETIRED)
    }

    pub(crate) const fn takes_prefill(&self) -> bool {
        self.has(PREFILL)
    }

    pub(crate) const fn takes_sampling(&self) -> bool {
        self.has(SAMPLING)
    }

    pub(crate) const fn can_be_forced(&self) -> bool {
        self.has(FORCED)
    }

    pub(crate) const fn takes_mid_system(&self) -> bool {
        self.has(MID_SYSTEM)
    }

    pub(crate) const fn has_tool_search(&self) -> bool {
        self.has(TOOL_SEARCH)
    }

    pub(crate) const fn caches_an_hour(&self) -> bool {
        self.has(HOUR)
    }

    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &'static str> {
        self.profiles.split(' ').filter(|prefix| !prefix.is_empty())
    }

    /// The name in Anthropic's own answers.
    pub(crate) fn public_name(&self) -> &'static str {
        let name = self.id.strip_prefix("anthropic.").unwrap_or(self.id);
        name.split("-v1").next().unwrap_or(name)
    }
}

/// Whether profiles with this prefix can be called from the region. An unknown region can call all.
pub(crate) fn reachable(prefix: &str, region: Option<&str>) -> bool {
    let Some(region) = region else { return true };
    match prefix {
        "us" => {
            (region.starts_with("us-") && !region.starts_with("us-gov-"))
                || region.starts_with("ca-")
                || region == "sa-east-1"
        }
        "eu" => region.starts_with("eu-"),
        "apac" => region.starts_with("ap-"),
        "jp" => region.starts_with("ap-northeast-"),
        "au" => region.starts_with("ap-southeast-"),
        "in" => region.starts_with("ap-south-"),
        "us-gov" => region.starts_with("us-gov-"),
        "global" => !region.starts_with("us-gov-"),
        _ => false,
    }
}

/// Finds the model that an id, a profile id or an ARN names.
pub(crate) fn resolve(id: &str, region: Option<&str>) -> Result<&'static Model, Refusal> {
    let invalid = || Refusal::validation("The provided model identifier is invalid.");
    let named = match id.strip_prefix("arn:") {
        Some(arn) => {
            let (kind, name) = arn
                .rsplit(':')
                .next()
                .filter(|last| last.contains('/'))
                .unwrap_or_else(|| {
                    // Ids with a colon of their own: the resource begins after the fifth colon.
                    arn.splitn(5, ':').last().unwrap_or_default()
                })
                .split_once('/')
                .ok_or_else(invalid)?;
            if kind == "application-inference-profile" {
                if name != APPLICATION_PROFILE.0 {
                    return Err(invalid());
                }
                APPLICATION_PROFILE.1
            } else {
                name
            }
        }
        None => id,
    };
    if named.split_once("test.").is_some_and(|(prefix, _)| prefix.is_empty() || prefix.ends_with('.')) {
        return Ok(&MAGIC);
    }
    let known = |name: &str| MODELS.iter().find(|model| model.id == name);
    let model = match known(named) {
        Some(model) if model.profile_only() && !model.retired() => {
            return Err(Refusal::validation(format!(
                "Invocation of model ID {named} with on-demand throughput isn\u{2019}t supported. Retry your request \
                 with the ID or ARN of an inference profile that contains this model."
            )));
        }
        Some(model) => model,
        None => {
            let (prefix, rest) = named.split_once('.').ok_or_else(invalid)?;
            let has_profile =
                |model: &&Model| model.prefixes().any(|own| own == prefix) && reachable(prefix, region);
            known(rest).filter(has_profile).ok_or_else(invalid)?
        }
    };
    if model.retired() {
        let message = "This model version has reached the end of its life. Please refer to the AWS documentation for \
                       more details.";
        return Err(Refusal::new(404, "ResourceNotFoundException", message));
    }
    Ok(model)
}
