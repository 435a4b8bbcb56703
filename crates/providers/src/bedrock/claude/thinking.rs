//! The thinking switch and the effort, in the form that this Claude takes.

use llm::{Effort, Error, Model, RawBody, ThinkingStyle};
use serde_json::{Map, Value};

use super::betas;
use super::notes::Notes;

/// Least thinking budget in tokens.
const LEAST_BUDGET: u32 = 1024;

/// What stands around the switch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    pub(super) model: &'a Model,
    /// Effort from the name the client asked for; beats what the body says.
    pub(super) suffix: Option<Effort>,
    /// Takes a budget although it thinks adaptively: Claude 4.6.
    pub(super) both: bool,
    pub(super) max_tokens: u32,
    /// Betas of the client.
    pub(super) betas: &'a [String],
    /// The last turn of the assistant calls tools without a thought before.
    pub(super) unthought: bool,
}

/// How it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// The model will think.
    pub(super) on: bool,
    pub(super) display_updates: bool,
    pub(super) binding_controls: bool,
    /// An effort is sent.
    pub(super) effort: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Switch {
    Absent,
    Disabled,
    Budget(u32),
    Adaptive,
}

/// Rewrites `thinking` and `output_config.effort`.
///
/// # Errors
/// [`llm::Category::InvalidRequest`] when one of them is no object.
pub(super) fn settle(
    body: &mut RawBody,
    output: &mut Map<String, Value>,
    around: &Around<'_>,
    notes: &mut Notes,
) -> Result<Settled, Error> {
    let given: Option<Map<String, Value>> = body.read("thinking")?;
    let asked = match &given {
        None => Switch::Absent,
        Some(given) => match given.get("type").and_then(Value::as_str) {
            Some("disabled") => Switch::Disabled,
            Some("adaptive") => Switch::Adaptive,
            Some("enabled") => Switch::Budget(
                given
                    .get("budget_tokens")
                    .and_then(Value::as_u64)
                    .map_or(LEAST_BUDGET, |tokens| u32::try_from(tokens).unwrap_or(u32::MAX)),
            ),
            // A form newer than we are: Bedrock shall say what it thinks of it.
            _ => {
                return Ok(Settled { on: true, effort: output.contains_key("effort"), ..Settled::default() });
            }
        },
    };
    let mut effort = output.get("effort").and_then(Value::as_str).and_then(Effort::parse);
    let mut switch = asked;
    if let Some(suffix) = around.suffix.filter(|_| around.model.thinking != ThinkingStyle::No) {
        switch = by_name(around.model.thinking, suffix);
        if suffix != Effort::None || around.model.thinking == ThinkingStyle::AdaptiveAlways {
            effort = Some(suffix);
        }
    } else {
        let implied = implied_effort(asked, around);
        switch = fit(switch, effort, around);
        effort = effort.or(implied);
    }
    switch = bound(switch, around);
    if around.suffix.is_none() && switch != asked {
        notes.add("thinking", &word(switch));
    }
    let mut settled = write_switch(body, given, switch, around);
    settled.effort = write_effort(output, effort, around, notes);
    Ok(settled)
}

/// The switch for an effort that came with the model's name.
fn by_name(style: ThinkingStyle, effort: Effort) -> Switch {
    match style {
        ThinkingStyle::Extended => effort.budget().map_or(Switch::Absent, Switch::Budget),
        ThinkingStyle::Adaptive if effort == Effort::None => Switch::Disabled,
        ThinkingStyle::AdaptiveAlways if effort == Effort::None => Switch::Absent,
        _ => Switch::Adaptive,
    }
}

/// A budget says how hard to think, also where it is not taken as such.
fn implied_effort(asked: Switch, around: &Around<'_>) -> Option<Effort> {
    match (asked, around.model.thinking) {
        (Switch::Budget(_), _) if around.both => None,
        (Switch::Budget(tokens), ThinkingStyle::Adaptive | ThinkingStyle::AdaptiveAlways) => {
            Some(Effort::from_budget(tokens))
        }
        _ => None,
    }
}

fn fit(asked: Switch, effort: Option<Effort>, around: &Around<'_>) -> Switch {
    match (around.model.thinking, asked) {
        (ThinkingStyle::Extended, Switch::Adaptive) => {
            effort.unwrap_or(Effort::High).budget().map_or(Switch::Absent, Switch::Budget)
        }
        (ThinkingStyle::Adaptive, Switch::Budget(_)) if around.both => asked,
        (ThinkingStyle::Adaptive | ThinkingStyle::AdaptiveAlways, Switch::Budget(_)) => Switch::Adaptive,
        (ThinkingStyle::AdaptiveAlways, Switch::Disabled) => Switch::Absent,
        (ThinkingStyle::Extended | ThinkingStyle::Adaptive | ThinkingStyle::AdaptiveAlways, asked) => asked,
        // The model does not think at all.
        _ => Switch::Absent,
    }
}

/// A budget must be at least 1024 and below `max_tokens`, unless thoughts may stand between tool calls: then it
/// counts for the whole turn.
fn bound(switch: Switch, around: &Around<'_>) -> Switch {
    let Switch::Budget(tokens) = switch else { return switch };
    if around.unthought {
        return Switch::Absent;
    }
    let whole_turn = around.betas.iter().any(|beta| beta == betas::INTERLEAVED);
    let most = if whole_turn { u32::MAX } else { around.max_tokens.saturating_sub(1) };
    if most < LEAST_BUDGET { Switch::Absent } else { Switch::Budget(tokens.clamp(LEAST_BUDGET, most)) }
}

fn word(switch: Switch) -> String {
    match switch {
        Switch::Absent => "dropped".to_owned(),
        Switch::Disabled => "disabled".to_owned(),
        Switch::Budget(tokens) => format!("budget_{tokens}"),
        Switch::Adaptive => "adaptive".to_owned(),
    }
}

fn write_switch(
    body: &mut RawBody,
    given: Option<Map<String, Value>>,
    switch: Switch,
    around: &Around<'_>,
) -> Settled {
    let has = |name: &str| around.betas.iter().any(|beta| beta == name);
    let mut settled =
        Settled { on: matches!(switch, Switch::Budget(_) | Switch::Adaptive), ..Settled::default() };
    if switch == Switch::Absent {
        body.remove("thinking");
        return settled;
    }
    let mut new = given.clone().unwrap_or_default();
    let kind = match switch {
        Switch::Budget(_) => "enabled",
        Switch::Adaptive => "adaptive",
        _ => "disabled",
    };
    new.insert("type".into(), kind.into());
    if let Switch::Budget(tokens) = switch {
        new.insert("budget_tokens".into(), tokens.into());
    } else {
        new.shift_remove("budget_tokens");
    }
    if !has(betas::DISPLAY_UPDATES) && new.get("display").and_then(Value::as_str) == Some("updates") {
        new.shift_remove("display");
    }
    if !has(betas::BINDING_CONTROLS) {
        new.shift_remove("block_binding");
    }
    settled.display_updates = new.get("display").and_then(Value::as_str) == Some("updates");
    settled.binding_controls = new.contains_key("block_binding");
    if given.as_ref() != Some(&new) {
        body.set("thinking", Value::Object(new).to_string());
    }
    settled
}

/// Writes the effort, at most what the model has. Returns whether one is sent.
fn write_effort(
    output: &mut Map<String, Value>,
    effort: Option<Effort>,
    around: &Around<'_>,
    notes: &mut Notes,
) -> bool {
    let said = output.get("effort").cloned();
    let efforts = &around.model.efforts;
    if efforts.is_empty() {
        if output.shift_remove("effort").is_some() && around.suffix.is_none() {
            notes.dropped("output_config.effort");
        }
        return false;
    }
    // A word newer than we are goes out as it is.
    let Some(effort) = effort else { return said.is_some() };
    let fitting =
        efforts.iter().rev().find(|known| **known <= effort).or(efforts.first()).copied().unwrap_or(effort);
    let said = said.as_ref().and_then(Value::as_str);
    if said != Some(fitting.word()) {
        if said.is_some() && around.suffix.is_none() {
            notes.add("effort", fitting.word());
        }
        output.insert("effort".into(), fitting.word().into());
    }
    true
}

/// Takes out what cannot go with thinking, or with the model at all. Anthropic allows temperature or top_p on
/// models from 4.1 on, not both; while thinking only temperature 1 and top_p from 0.95 up; newer models have
/// neither.
pub(super) fn sampling(body: &mut RawBody, model: &Model, one_only: bool, thinks: bool, notes: &mut Notes) {
    let number = |body: &RawBody, name: &str| -> Option<f64> {
        body.get(name).and_then(|json| serde_json::from_slice(json).ok())
    };
    let mut drop = |body: &mut RawBody, name: &str| {
        if body.remove(name).is_some() {
            notes.dropped(name);
        }
    };
    if !model.sampling {
        for name in ["temperature", "top_p", "top_k"] {
            drop(body, name);
        }
        return;
    }
    if thinks {
        drop(body, "top_k");
        if number(body, "temperature").is_some_and(|value| value != 1.0) {
            drop(body, "temperature");
        }
        if number(body, "top_p").is_some_and(|value| value < 0.95) {
            drop(body, "top_p");
        }
    }
    if one_only && body.get("temperature").is_some() && body.get("top_p").is_some() {
        drop(body, "top_p");
    }
    if number(body, "temperature").is_some_and(|value| value > 1.0) {
        body.set("temperature", &b"1"[..]);
        notes.add("temperature", "1");
    }
}
