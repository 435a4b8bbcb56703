//! A Messages request as Bedrock takes it: InvokeModel, or one of its routes that speak Anthropic's own API.
//!
//! Clients write for Anthropic's own service. Bedrock's is older and stricter: it refuses members and beta tokens
//! it does not know, tools that run at Anthropic, and much else that official clients send with every request.
//! What is cut and changed here keeps everything else byte for byte, because unknown fields must survive and
//! prompt caches key on bytes. The conversation, which may be megabytes, is never parsed into a tree and not
//! copied: a quick scan tells whether anything in it needs a change, an exact walk finds where, and the body that
//! is sent is made of slices of the client's.

mod betas;
mod cursor;
mod edit;
mod head;
mod marks;
mod notes;
mod output;
mod scan;
mod schema;
mod server_tools;
mod sweep;
mod thinking;
mod tools;
mod walk;

use bytes::Bytes;
use llm::{Category, Error, Hints, Payload, RawBody, StructuredOutput, ThinkingStyle};
use wire::{NameRule, ToolNames};

use self::betas::Needs;
use self::edit::Rope;
use self::head::{hashed_user, with_head};
use self::notes::Notes;
use self::sweep::Sweep;
use self::tools::{Choice, Survey};
use self::walk::Landmarks;
use super::catalog::Catalog;
use super::claude_name::ClaudeName;
use super::route::Route;
use crate::Target;

/// Largest body of InvokeModel in bytes.
const LARGEST: usize = 25_000_000;

/// Where the beta tokens are.
const BETAS: &str = "anthropic_beta";

/// The line in which Claude Code tells Anthropic whom to bill. "x-anthropic-billing-header is a reserved keyword",
/// says Bedrock.
const BILLING_LINE: &[u8] = b"x-anthropic-billing-header:";

/// The members that all routes take. What else a route wants is ours to write.
const MEMBERS: [&str; 12] = [
    "max_tokens",
    "messages",
    "system",
    "stop_sequences",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "context_management",
];

/// Members that leave without a word: they are written anew or elsewhere (the model, the stream, betas, the tier),
/// read elsewhere, or concern Anthropic alone.
const ROUTINE: [&str; 9] = [
    "model",
    "stream",
    "metadata",
    "service_tier",
    "anthropic_version",
    "anthropic_beta",
    "output_format",
    "cache_control",
    "diagnostics",
];

/// What decides about a request besides its body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub hints: &'a Hints,
    pub target: &'a Target,
    /// The upstream refused `output_config.format` for this model before.
    pub format_refused: bool,
    /// The person wants beta tokens that we do not know to be tried.
    pub pass_unknown_betas: bool,
    pub route: Route,
    /// The answer shall be a stream. InvokeModel has an operation of its own for it.
    pub stream: bool,
}

/// A request ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    /// The members; `anthropic_beta` among them on every route, so that what a refusal teaches is followed in one way.
    body: RawBody,
    /// Betas go in a header.
    native: bool,
    /// The conversation in pieces, when it was edited; it stands in for the member of `body`.
    messages: Option<Payload>,
    /// What was changed of what the client asked, as stable tokens.
    pub adjustments: Vec<String>,
    pub tool_names: ToolNames,
    /// JSON was asked for in words, so that a code fence may stand around it.
    pub prompted_format: bool,
}

impl Prepared {
    /// The body to send.
    #[must_use]
    pub(super) fn payload(&self) -> Payload {
        let mut headless;
        let mut body = &self.body;
        if self.native {
            headless = body.clone();
            headless.remove(BETAS);
            body = &headless;
        }
        let Some(messages) = &self.messages else { return body.to_payload() };
        let mut rope = Rope::default();
        for (at, member) in body.members().iter().enumerate() {
            rope.text(if at == 0 { "{" } else { "," });
            rope.text(&serde_json::Value::from(&*member.name).to_string());
            rope.text(":");
            if &*member.name == "messages" {
                messages.pieces().iter().for_each(|piece| rope.bytes(piece));
            } else {
                rope.bytes(&member.json);
            }
        }
        rope.text("}");
        rope.finish()
    }

    /// The body as members, for a change after a refusal. Joins the pieces of an edited conversation.
    pub(super) fn body_mut(&mut self) -> &mut RawBody {
        if let Some(messages) = self.messages.take() {
            self.body.set("messages", messages.to_bytes());
        }
        &mut self.body
    }

    /// The beta tokens that are sent, as the JSON text of a list.
    #[must_use]
    pub(super) fn betas(&self) -> Option<&Bytes> {
        self.body.get(BETAS)
    }

    /// The same as the header of Anthropic's own API has them.
    #[must_use]
    pub(super) fn beta_header(&self) -> Option<String> {
        let tokens = self.body.read::<Vec<String>>(BETAS).ok().flatten().filter(|_| self.native)?;
        Some(tokens.join(","))
    }
}

/// What the model's name tells beyond its facts.
#[derive(Clone, Copy, Debug)]
struct Traits {
    version: (u8, u8),
    tool_search: bool,
    /// Sonnet 4 and 4.5 have a million tokens as a beta; newer models simply have them.
    long_context_by_beta: bool,
}

impl Traits {
    fn of(model: &llm::Model) -> Self {
        let name = ClaudeName::parse(&model.name);
        let version = name.map_or((u8::MAX, 0), |name| name.rank());
        let listed = Catalog::built_in().get(&model.id);
        Self {
            version,
            tool_search: listed.map_or(version >= (4, 5), |entry| entry.tool_search),
            long_context_by_beta: name.is_some_and(|name| name.family == "sonnet")
                && matches!(version, (4, 0 | 5)),
        }
    }
}

/// Makes a Messages body fit for Bedrock.
///
/// # Errors
/// [`Category::InvalidRequest`] for what cannot be sent at all: images by URL, files, members of a wrong shape.
/// [`Category::TooLarge`] above 25,000,000 bytes.
pub(super) fn prepare(mut body: RawBody, terms: &Terms<'_>) -> Result<Prepared, Error> {
    let model = &*terms.target.model;
    let traits = Traits::of(model);
    let mut notes = Notes::default();
    let asked_betas = asked_betas(&body, terms.hints);
    let whole_cache = body.read::<serde_json::Value>("cache_control").unwrap_or_default();
    let user = if terms.route.is_native() { hashed_user(&body) } else { None };
    let mut output = output::read(&mut body)?;
    keep_allowed(&mut body, &mut notes);
    let max_tokens = limit_output(&mut body, model, &mut notes);

    let tools_text = body.get("tools").cloned().unwrap_or_default();
    let survey = Survey::of(&tools_text, traits.tool_search);
    let names = ToolNames::new(survey.names.iter().map(AsRef::as_ref), NameRule::Bedrock);

    let conversation = body.get("messages").cloned().unwrap_or_default();
    if let Some(effort) = walk::turn_effort(&conversation) {
        output.insert("effort".into(), effort.into());
    }
    let budgets = model.thinking == ThinkingStyle::Extended || traits.version == (4, 6);
    let wants_thought = body.get("thinking").is_some() || terms.target.effort.is_some();
    let landmarks =
        (budgets && wants_thought || whole_cache.is_some()).then(|| Landmarks::find(&conversation));
    let around = thinking::Around {
        model,
        suffix: terms.target.effort,
        both: traits.version == (4, 6),
        max_tokens,
        betas: &asked_betas,
        unthought: budgets
            && landmarks.is_some_and(|marks| walk::calls_without_thought(&conversation, marks)),
    };
    let settled = thinking::settle(&mut body, &mut output, &around, &mut notes)?;
    thinking::sampling(&mut body, model, traits.version >= (4, 1), settled.on, &mut notes);
    let words = output::format(&mut output, model.structured_output, terms.format_refused, &mut notes);
    output::write(&mut body, output);
    let mut required = output::context_management(&mut body, &mut notes)?;

    if let Some(choice) = body.get("tool_choice") {
        let forced = !settled.on && model.forced_tool_use;
        match tools::choice(choice, &survey, forced, &names, &mut notes) {
            Choice::Same => {}
            Choice::Dropped => {
                body.remove("tool_choice");
            }
            Choice::Changed(json) => body.set("tool_choice", json),
        }
    }

    let sweep = Sweep {
        tools: &tools_text,
        system: body.get("system").cloned().unwrap_or_default(),
        messages: &conversation,
        tool_rules: tools::Rules {
            tool_search: survey.search,
            strict: model.structured_output == StructuredOutput::Native,
            names: &names,
        },
        walk_rules: walk::Rules {
            system_inside: model.mid_conversation_system,
            tool_search: survey.search,
            marked_last: whole_cache.as_ref().and_then(|mark| {
                let hour = mark.get("ttl").and_then(serde_json::Value::as_str) == Some("1h");
                landmarks.and_then(|marks| marks.last).map(|last| (last, hour))
            }),
            names: &names,
        },
        one_hour: model.cache.one_hour,
    };
    let swept = sweep.run(&mut notes)?;
    let has_tools = survey.kept > 0;
    let messages = swept.apply(&mut body, &sweep, has_tools);
    if let Some(words) = &words {
        let system = output::add_to_system(body.get("system"), words);
        body.set("system", system);
    }

    required_betas(&mut required, &survey, &settled, &traits, terms);
    required.retain(|token| betas::is_needed(token, terms.route));
    let needs = Needs {
        route: terms.route,
        interleaved: model.thinking == ThinkingStyle::Extended,
        long_context_by_beta: traits.long_context_by_beta,
        tool_search: survey.search,
        display_updates: settled.display_updates,
        binding_controls: settled.binding_controls,
        pass_unknown: terms.pass_unknown_betas,
    };
    let chosen = betas::choose(asked_betas.iter().map(String::as_str), &needs, &required, &mut notes);
    if let Some(user) = user {
        body.set("metadata", user);
    }
    let body = with_head(body, &chosen, terms);

    let prepared = Prepared {
        body,
        native: terms.route.is_native(),
        messages,
        adjustments: notes.into_vec(),
        tool_names: names,
        prompted_format: words.is_some(),
    };
    check_size(&prepared)?;
    Ok(prepared)
}

/// Betas from the header and, as clients of Bedrock itself send them, from the body.
fn asked_betas(body: &RawBody, hints: &Hints) -> Vec<String> {
    let mut asked = hints.betas.clone();
    for beta in body.read::<Vec<String>>("anthropic_beta").ok().flatten().unwrap_or_default() {
        if !asked.contains(&beta) {
            asked.push(beta);
        }
    }
    asked
}

fn keep_allowed(body: &mut RawBody, notes: &mut Notes) {
    let absent: Vec<Box<str>> = body
        .members()
        .iter()
        .filter(|member| {
            let null = member.json.as_ref() == b"null";
            let known = MEMBERS.contains(&&*member.name);
            if !known && !null && !ROUTINE.contains(&&*member.name) {
                notes.dropped(&member.name);
            }
            // Absent and null mean the same to clients, not to Bedrock.
            null || !known
        })
        .map(|member| member.name.clone())
        .collect();
    body.retain(|name| !absent.iter().any(|absent| **absent == *name));
}

/// Clamps `max_tokens` and returns it. The API demands one; without it the model's own limit stands in.
fn limit_output(body: &mut RawBody, model: &llm::Model, notes: &mut Notes) -> u32 {
    const USUAL: u32 = 32_000;
    let most = if model.max_output == 0 { u32::MAX } else { model.max_output };
    let asked: Option<u64> = match body.get("max_tokens") {
        None => {
            let tokens = USUAL.min(most);
            body.set("max_tokens", tokens.to_string());
            notes.add("max_tokens", &tokens.to_string());
            return tokens;
        }
        Some(json) => serde_json::from_slice(json).ok(),
    };
    // Not a number of tokens: Bedrock shall say so.
    let Some(asked) = asked else { return most };
    if asked > u64::from(most) {
        body.set("max_tokens", most.to_string());
        notes.add("max_tokens", &most.to_string());
    }
    u32::try_from(asked).unwrap_or(u32::MAX).min(most)
}

fn required_betas(
    required: &mut Vec<&'static str>,
    survey: &Survey<'_>,
    settled: &thinking::Settled,
    traits: &Traits,
    terms: &Terms<'_>,
) {
    let wanted = [
        (survey.search, betas::TOOL_SEARCH),
        (survey.examples, betas::TOOL_EXAMPLES),
        (survey.memory, betas::CONTEXT_MANAGEMENT),
        (survey.computer_2025_01, betas::COMPUTER_2025_01),
        (survey.computer_2025_11, betas::COMPUTER_2025_11),
        (survey.eager, betas::FINE_GRAINED),
        // Effort was a beta with Opus 4.5 and is part of the API since.
        (settled.effort && traits.version == (4, 5), betas::EFFORT),
        (terms.target.long_context && traits.long_context_by_beta, betas::CONTEXT_1M),
    ];
    for (wanted, beta) in wanted {
        if wanted && !required.contains(&beta) {
            required.push(beta);
        }
    }
}

fn check_size(prepared: &Prepared) -> Result<(), Error> {
    let members: usize =
        prepared.body.members().iter().map(|member| member.name.len() + member.json.len() + 4).sum();
    let edited = prepared.messages.as_ref().map_or(0, Payload::len);
    if members + edited <= LARGEST || prepared.payload().len() <= LARGEST {
        return Ok(());
    }
    Err(Error::new(
        Category::TooLarge,
        "The request is larger than Amazon Bedrock takes (25,000,000 bytes). Shorten the conversation or send \
         smaller images.",
    ))
}

#[cfg(test)]
mod tests;
