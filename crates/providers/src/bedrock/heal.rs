//! What a refusal teaches, so that the same mistake is made once a process.
//!
//! Which beta flags, members and operations a model takes on Bedrock changes without notice and differs by model.
//! Rather than failing the person's request, one that is refused in words we know is sent once more without what
//! was refused, and the lesson is kept for the model.

mod excise;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use llm::{Category, Error, RawBody, Wire};

pub(super) use excise::Path;

/// How many times one request is changed and sent again.
pub(super) const MOST_LESSONS: u32 = 3;

/// Models and lessons we remember; more is not plausible, and a hostile upstream must not fill the memory.
const MOST_MODELS: usize = 256;
const MOST_EACH: usize = 32;

/// Members without which a request means nothing: never taken out, whatever the upstream says.
const NEEDED: [&str; 5] = ["messages", "max_tokens", "anthropic_version", "model", "stream"];

/// What one refusal said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lesson {
    /// One of the beta flags is not known there. It does not say which.
    Betas,
    /// This beta flag is not known there.
    Beta(Box<str>),
    /// A member is not allowed.
    Member(Path),
    /// The thinking switch cannot be set to `disabled`.
    ThinkingOff,
    /// The service tier is not offered.
    Tier,
    /// The bare id does not work; an inference profile is needed.
    Profile,
    /// Tools work in whole answers only.
    WholeAnswer,
    /// The answer's schema is not taken; it must be asked for in another way.
    Format,
    /// No tool can be forced.
    Forced,
    /// There are no tools.
    Tools,
}

impl Lesson {
    /// The token in the list of adjustments.
    pub(super) fn token(&self) -> String {
        match self {
            Self::Betas => "anthropic_beta:refused".to_owned(),
            Self::Beta(token) => format!("anthropic_beta.{token}:refused"),
            Self::Member(path) => format!("{path}:refused"),
            Self::ThinkingOff => "thinking:refused".to_owned(),
            Self::Tier => "service_tier:refused".to_owned(),
            Self::Profile => "model:inference_profile".to_owned(),
            Self::WholeAnswer => "stream:refused".to_owned(),
            Self::Format => "response_format:refused".to_owned(),
            Self::Forced => "tool_choice:refused".to_owned(),
            Self::Tools => "tools:refused".to_owned(),
        }
    }
}

/// Reads the lessons in a refusal; empty when it teaches nothing. These complaints have no code of their own, so
/// their words must do.
pub(super) fn lessons(error: &Error) -> Vec<Lesson> {
    match error.category {
        Category::NeedsProfile => return vec![Lesson::Profile],
        Category::InvalidRequest | Category::ModelNotFound | Category::Unsupported => {}
        _ => return Vec::new(),
    }
    let words = error.message.as_str();
    let lower = words.to_ascii_lowercase();
    let has = |part: &str| lower.contains(part);
    if has("invalid beta flag") {
        return vec![Lesson::Betas];
    }
    if has("for the `anthropic-beta` header") {
        return betas_in(words).map(|token| Lesson::Beta(token.into())).collect();
    }
    if [
        "output_config.format",
        "outputconfig",
        "output config",
        "structured output",
        "textformat",
        "json_schema",
        "schema is too complex",
    ]
    .iter()
    .any(|word| has(word))
    {
        return vec![Lesson::Format];
    }
    if has("extra inputs are not permitted") {
        let mut found: Vec<Lesson> = Vec::new();
        let needed = |path: &Path| path.whole_member().is_some_and(|name| NEEDED.contains(&name));
        for lesson in excise::paths(words).filter(|path| !needed(path)).map(Lesson::Member) {
            if !found.contains(&lesson) {
                found.push(lesson);
            }
        }
        return found;
    }
    if has("thinking") && has("must be") && has("enabled") && has("adaptive") {
        return vec![Lesson::ThinkingOff];
    }
    if has("tool use in streaming mode") || has("tools in streaming mode") {
        return vec![Lesson::WholeAnswer];
    }
    if has("support the toolconfig.toolchoice") {
        return vec![Lesson::Forced];
    }
    if has("doesn't support tool use") || has("does not support tool use") {
        return vec![Lesson::Tools];
    }
    if has("service tier") || has("servicetier") || has("service_tier") || has("service-tier") {
        return vec![Lesson::Tier];
    }
    Vec::new()
}

/// The tokens in "Unexpected value(s) `a`, `b` for the `anthropic-beta` header". A client may have written anything.
fn betas_in(words: &str) -> impl Iterator<Item = &str> {
    let named = words.split("for the `anthropic-beta` header").next().unwrap_or_default();
    let plain = |token: &&str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        (1..=100).contains(&token.len()) && token.bytes().all(fits)
    };
    named.split('`').skip(1).step_by(2).filter(plain)
}

/// What is known of one model on one route.
#[derive(Clone, Debug, Default)]
pub(super) struct Learned {
    /// Lists of betas that were refused, as they were sent.
    betas: Vec<Bytes>,
    /// Betas that were refused by name.
    unknown_betas: Vec<Box<str>>,
    members: Vec<Path>,
    pub(super) thinking_off: bool,
    pub(super) tier: bool,
    pub(super) profile: bool,
    pub(super) format: bool,
    pub(super) whole_answer: bool,
    pub(super) forced: bool,
    pub(super) tools: bool,
    /// CountTokens does not know it.
    pub(super) count: bool,
}

impl Learned {
    /// True when [`Self::apply`] has anything to look for.
    pub(super) const fn has_edits(&self) -> bool {
        !self.betas.is_empty()
            || !self.unknown_betas.is_empty()
            || !self.members.is_empty()
            || self.thinking_off
    }

    /// True when a lesson on the model's tools was learned before.
    pub(super) const fn knows(&self, lesson: &Lesson) -> bool {
        match lesson {
            Lesson::Forced => self.forced,
            Lesson::Tools => self.tools,
            _ => false,
        }
    }

    /// Takes out of a body what the model refused before. Returns the tokens of what was taken out.
    pub(super) fn apply(&self, body: &mut RawBody) -> Vec<String> {
        let mut tokens = Vec::new();
        let mut apply = |body: &mut RawBody, lesson: &Lesson| {
            if take_out(body, lesson) {
                tokens.push(lesson.token());
            }
        };
        if body.get("anthropic_beta").is_some_and(|betas| self.betas.contains(betas)) {
            apply(body, &Lesson::Betas);
        }
        for token in &self.unknown_betas {
            apply(body, &Lesson::Beta(token.clone()));
        }
        for path in &self.members {
            apply(body, &Lesson::Member(path.clone()));
        }
        if self.thinking_off {
            apply(body, &Lesson::ThinkingOff);
        }
        tokens
    }
}

/// Takes out of a body what a lesson says. False when it is not there, so that sending again would not help.
pub(super) fn take_out(body: &mut RawBody, lesson: &Lesson) -> bool {
    match lesson {
        Lesson::Betas => body.remove("anthropic_beta").is_some(),
        Lesson::Beta(token) => take_out_beta(body, token),
        Lesson::Member(path) => {
            // Converse passes the model's own complaint on, whose paths begin inside what was passed to the model.
            excise::excise(body, path)
                || (body.wire == Wire::BedrockConverse
                    && excise::excise(body, &path.within("additionalModelRequestFields")))
        }
        Lesson::ThinkingOff => {
            let off = body
                .get("thinking")
                .is_some_and(|json| memchr::memmem::find(json, b"\"disabled\"").is_some());
            off && body.remove("thinking").is_some()
        }
        Lesson::Tier
        | Lesson::Profile
        | Lesson::WholeAnswer
        | Lesson::Format
        | Lesson::Forced
        | Lesson::Tools => false,
    }
}

/// Takes one token out of the list of betas.
fn take_out_beta(body: &mut RawBody, token: &str) -> bool {
    let Some(mut tokens) = body.read::<Vec<String>>("anthropic_beta").ok().flatten() else { return false };
    let before = tokens.len();
    tokens.retain(|known| known != token);
    if tokens.is_empty() {
        body.remove("anthropic_beta");
    } else {
        body.set("anthropic_beta", serde_json::Value::from(tokens.clone()).to_string());
    }
    tokens.len() != before
}

/// The lessons of this process, by model id, and by route where that is one of Anthropic's own API. Reading takes no lock.
#[derive(Debug, Default)]
pub(super) struct Memory(ArcSwap<HashMap<Box<str>, Arc<Learned>>>);

impl Memory {
    /// What is known of a model; `None` when nothing is.
    pub(super) fn of(&self, model: &str) -> Option<Arc<Learned>> {
        self.0.load().get(model).cloned()
    }

    /// Keeps a lesson. `betas` is the list that was sent.
    pub(super) fn learn(&self, model: &str, lesson: &Lesson, betas: Option<&Bytes>) {
        self.change(model, |learned| match lesson {
            Lesson::Betas => {
                if let Some(betas) = betas.filter(|betas| !learned.betas.contains(betas)) {
                    // A slice of a request would keep the whole of it alive.
                    learned.betas.push(Bytes::copy_from_slice(betas));
                    learned.betas.truncate(MOST_EACH);
                }
            }
            Lesson::Beta(token) => {
                if learned.unknown_betas.len() < MOST_EACH && !learned.unknown_betas.contains(token) {
                    learned.unknown_betas.push(token.clone());
                }
            }
            Lesson::Member(path) => {
                if learned.members.len() < MOST_EACH && !learned.members.contains(path) {
                    learned.members.push(path.clone());
                }
            }
            Lesson::ThinkingOff => learned.thinking_off = true,
            Lesson::Tier => learned.tier = true,
            Lesson::WholeAnswer => learned.whole_answer = true,
            Lesson::Profile => learned.profile = true,
            Lesson::Format => learned.format = true,
            Lesson::Forced => learned.forced = true,
            Lesson::Tools => learned.tools = true,
        });
    }

    /// Remembers that CountTokens does not know a model.
    pub(super) fn no_count(&self, model: &str) {
        self.change(model, |learned| learned.count = true);
    }

    fn change(&self, model: &str, change: impl Fn(&mut Learned)) {
        self.0.rcu(|known| {
            let mut next = HashMap::clone(known);
            if next.len() < MOST_MODELS || next.contains_key(model) {
                change(Arc::make_mut(next.entry(model.into()).or_default()));
            }
            next
        });
    }
}

#[cfg(test)]
mod tests;
