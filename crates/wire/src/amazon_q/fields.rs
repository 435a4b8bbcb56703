//! `additionalModelRequestFields`: thinking, effort and output limit, as far as the model's own schema takes them.

use llm::{Effort, Meaning, Model, Request, Thinking, ThinkingStyle};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::advertised::Advertised;
use super::manner::Manner;
use crate::adjustments::Adjustments;
use crate::effort;

/// The document and what it could not say.
pub(super) struct Fields {
    pub(super) document: Map<String, Value>,
    /// The client's output limit where the service was told none or a higher one.
    pub(super) max_tokens: Option<u32>,
}

/// Writes what the client wants and the model takes.
pub(super) fn fields(
    asked: &Request,
    meaning: &Meaning,
    model: &Model,
    manner: &Manner<'_>,
    adjustments: &mut Adjustments,
) -> Fields {
    let advertised = Advertised::new(manner.fields_schema);
    let wanted = effort::wanted(asked, meaning, manner.effort);
    let mut document = Map::new();
    match model.thinking {
        ThinkingStyle::Adaptive | ThinkingStyle::AdaptiveAlways => {
            adaptive(asked, meaning, model, manner, wanted, &mut document, adjustments);
        }
        ThinkingStyle::ReasoningObject => {
            if let Some(wanted) = wanted {
                let path = ["reasoning", "effort"];
                match allowed(wanted, &advertised, &path, &model.efforts, adjustments) {
                    Some(effort) => {
                        document.insert("reasoning".to_owned(), json!({"effort": effort.word()}));
                    }
                    None if wanted > Effort::None => adjustments.note("thinking:dropped"),
                    None => {}
                }
            }
        }
        // Asked for in words, elsewhere.
        ThinkingStyle::Prompted => {}
        _ => {
            if wanted.is_some_and(|effort| effort > Effort::None) {
                adjustments.note("thinking:dropped");
            }
        }
    }
    let max_tokens = max_tokens(meaning, model, &advertised, &mut document, adjustments);
    // A schema may want members together, or forbid one for a value of another.
    document.retain(|name, value| {
        let fine = advertised.allows(&[name], value);
        if !fine {
            adjustments.note(format!("{name}:dropped"));
        }
        fine
    });
    let max_tokens = max_tokens.or(meaning.max_tokens.filter(|_| !document.contains_key("max_tokens")));
    // A limit that the model cannot reach needs no care.
    let max_tokens = max_tokens.filter(|limit| model.max_output == 0 || *limit < model.max_output);
    Fields { document, max_tokens }
}

/// Claude since 4.6.
fn adaptive(
    asked: &Request,
    meaning: &Meaning,
    model: &Model,
    manner: &Manner<'_>,
    wanted: Option<Effort>,
    document: &mut Map<String, Value>,
    adjustments: &mut Adjustments,
) {
    let advertised = Advertised::new(manner.fields_schema);
    let word = |word: &str| Value::from(word);
    let mut told = match meaning.thinking {
        Some(Thinking::Budget(_)) => wanted,
        _ => manner.effort.or(meaning.effort),
    };
    match wanted {
        None => {}
        Some(Effort::None) => {
            let off = model.thinking == ThinkingStyle::Adaptive
                && advertised.allows(&["thinking", "type"], &word("disabled"));
            if off {
                document.insert("thinking".to_owned(), json!({"type": "disabled"}));
            } else if advertised.knows(&["thinking"]) {
                // It thinks as little as it can.
                adjustments.note("thinking:adaptive");
                told = Some(Effort::Low);
            }
        }
        Some(_) if advertised.allows(&["thinking", "type"], &word("adaptive")) => {
            let mut thinking = Map::from_iter([("type".to_owned(), word("adaptive"))]);
            let display = word(if hidden(asked) { "omitted" } else { "summarized" });
            if advertised.allows(&["thinking", "display"], &display) {
                thinking.insert("display".to_owned(), display);
            }
            document.insert("thinking".to_owned(), thinking.into());
        }
        Some(_) => adjustments.note("thinking:dropped"),
    }
    if let Some(told) = told.filter(|effort| *effort > Effort::None) {
        match allowed(told, &advertised, &["output_config", "effort"], &model.efforts, adjustments) {
            Some(effort) => {
                document.insert("output_config".to_owned(), json!({"effort": effort.word()}));
            }
            None if meaning.effort.is_some() || manner.effort.is_some() => {
                adjustments.note("effort:dropped");
            }
            None => {}
        }
    }
}

/// The nearest effort that the member at `path` takes; `None` when there is no such member. Only who wants no
/// thinking gets none.
fn allowed(
    wanted: Effort,
    advertised: &Advertised<'_>,
    path: &[&str],
    known: &[Effort],
    adjustments: &mut Adjustments,
) -> Option<Effort> {
    if !advertised.knows(path) {
        return None;
    }
    let mut taken = advertised.efforts(path);
    if taken.is_empty() {
        taken = known.to_vec();
    }
    if wanted > Effort::None {
        taken.retain(|effort| *effort > Effort::None);
    }
    let effort = effort::nearest(wanted, &taken);
    if effort != wanted {
        adjustments.note(format!("effort:{}", effort.word()));
    }
    Some(effort)
}

/// Tells the limit within the model's bounds. Returns what is left for us to keep.
fn max_tokens(
    meaning: &Meaning,
    model: &Model,
    advertised: &Advertised<'_>,
    document: &mut Map<String, Value>,
    adjustments: &mut Adjustments,
) -> Option<u32> {
    let asked = meaning.max_tokens?;
    let (least, mut most) = advertised.range(&["max_tokens"])?;
    if most == u32::MAX && model.max_output > 0 {
        most = model.max_output.max(least);
    }
    let told = asked.clamp(least, most);
    if told < asked {
        adjustments.note(format!("max_tokens:{told}"));
    }
    document.insert("max_tokens".to_owned(), told.into());
    (told > asked).then_some(asked)
}

/// The client does not want to see thoughts; they are still signed, so that they can be sent back.
fn hidden(asked: &Request) -> bool {
    #[derive(Deserialize)]
    struct Display {
        display: Option<String>,
    }
    let display = asked.raw.read::<Display>("thinking").ok().flatten().and_then(|thinking| thinking.display);
    asked.hints.hide_thinking || display.is_some_and(|display| display == "omitted")
}
