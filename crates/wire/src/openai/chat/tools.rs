//! Tool definitions and the choice among them.

use llm::{CacheMark, Error, RawBody, Tool, ToolChoice};
use serde::Deserialize;
use serde_json::Value;

use crate::openai::cache::CacheControl;
use crate::openai::error::{invalid_type, invalid_value, missing, unsupported};
use crate::openai::parameters::flag;
use crate::openai::tool;

/// The tools of a request.
#[derive(Debug, Default)]
pub(super) struct Kit {
    pub(super) tools: Vec<Tool>,
    pub(super) choice: Option<ToolChoice>,
    pub(super) parallel: Option<bool>,
}

#[derive(Deserialize)]
struct Definition {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    function: Option<Function>,
    #[serde(default)]
    custom: Option<Custom>,
    #[serde(default)]
    cache_control: Option<Value>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parameters: Option<Value>,
    #[serde(default)]
    strict: Option<bool>,
    #[serde(default)]
    cache_control: Option<Value>,
}

#[derive(Deserialize)]
struct Custom {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    format: Option<tool::CustomFormat>,
}

pub(super) fn read(raw: &RawBody) -> Result<Kit, Error> {
    let mut kit = Kit { parallel: flag(raw, "parallel_tool_calls")?, ..Kit::default() };
    if let Some(definitions) = raw.read::<Vec<Definition>>("tools")?.filter(|tools| !tools.is_empty()) {
        for (index, definition) in definitions.into_iter().enumerate() {
            kit.tools.push(read_tool(index, definition)?);
        }
        read_choice(raw, &mut kit)?;
    } else if let Some(functions) = raw.read::<Vec<Function>>("functions")? {
        kit.tools = functions.into_iter().map(|function| function.tool(None)).collect();
        // The legacy answer has room for one call.
        kit.parallel = Some(false);
        read_legacy_choice(raw, &mut kit)?;
    }
    if kit.tools.is_empty() {
        return Ok(Kit::default());
    }
    Ok(kit)
}

fn read_tool(index: usize, definition: Definition) -> Result<Tool, Error> {
    let at = |member: &str| format!("tools[{index}].{member}");
    let cache = definition.cache_control.as_ref().and_then(cache_mark);
    match (definition.r#type.as_deref().unwrap_or("function"), definition.function, definition.custom) {
        ("function", Some(function), _) => Ok(function.tool(cache)),
        ("function", None, _) => Err(missing(at("function"))),
        ("custom", _, Some(custom)) => {
            Ok(tool::freeform(custom.name, custom.description, custom.format, cache))
        }
        ("custom", _, None) => Err(missing(at("custom"))),
        (other, ..) => {
            let other: String = other.chars().take(64).collect();
            Err(unsupported(
                at("type"),
                format!("Unsupported value: '{other}'. Supported tool types are 'function' and 'custom'."),
            ))
        }
    }
}

fn cache_mark(value: &Value) -> Option<CacheMark> {
    CacheControl::deserialize(value).ok().map(|control| control.mark())
}

impl Function {
    fn tool(self, cache: Option<CacheMark>) -> Tool {
        let cache = cache.or_else(|| self.cache_control.as_ref().and_then(cache_mark));
        tool::function(self.name, self.description, self.parameters, self.strict, cache)
    }
}

/// `"auto"` or one of the objects.
#[derive(Deserialize)]
#[serde(untagged)]
enum Choice {
    Word(String),
    Object(ChoiceObject),
}

#[derive(Deserialize)]
struct ChoiceObject {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    function: Option<Named>,
    #[serde(default)]
    custom: Option<Named>,
    #[serde(default)]
    allowed_tools: Option<Allowed>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Allowed {
    mode: String,
    tools: Vec<ChoiceObject>,
}

impl ChoiceObject {
    fn name(self) -> Option<String> {
        self.function.or(self.custom).map(|named| named.name)
    }
}

fn read_choice(raw: &RawBody, kit: &mut Kit) -> Result<(), Error> {
    let wrong = || invalid_type("tool_choice", "one of a string or an object", raw.get("tool_choice"));
    let Some(choice) = raw.read::<Choice>("tool_choice").map_err(|_| wrong())? else {
        return Ok(());
    };
    kit.choice = Some(match choice {
        Choice::Word(word) => word_choice("tool_choice", &word)?,
        Choice::Object(ChoiceObject { allowed_tools: Some(allowed), .. }) => {
            let names: Vec<String> = allowed.tools.into_iter().filter_map(ChoiceObject::name).collect();
            for name in &names {
                known(kit, name, "tool_choice.allowed_tools")?;
            }
            kit.tools.retain(|tool| names.contains(&tool.name));
            word_choice("tool_choice.allowed_tools.mode", &allowed.mode)?
        }
        Choice::Object(object) => {
            let kind = object.r#type.clone().unwrap_or_default();
            let param = if kind == "custom" { "tool_choice.custom" } else { "tool_choice.function" };
            match object.name() {
                Some(name) => {
                    known(kit, &name, param)?;
                    ToolChoice::Named(name)
                }
                None if matches!(kind.as_str(), "" | "function" | "custom") => return Err(missing(param)),
                // `{"type":"auto"}` is Anthropic's way to say it.
                None => word_choice("tool_choice.type", &kind)?,
            }
        }
    });
    Ok(())
}

fn word_choice(param: &str, word: &str) -> Result<ToolChoice, Error> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        // Anthropic's word is common among clients that speak both.
        "required" | "any" => Ok(ToolChoice::Any),
        other => Err(invalid_value(param, other, "'none', 'auto', and 'required'")),
    }
}

fn known(kit: &Kit, name: &str, param: &str) -> Result<(), Error> {
    if kit.tools.iter().any(|tool| tool.name == name) {
        return Ok(());
    }
    let name: String = name.chars().take(64).collect();
    Err(Error::invalid(format!("Tool choice '{name}' not found in 'tools' parameter.")).with_param(param))
}

/// `function_call`: `"none"`, `"auto"` or `{"name"}`.
fn read_legacy_choice(raw: &RawBody, kit: &mut Kit) -> Result<(), Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Legacy {
        Word(String),
        Named(Named),
    }
    kit.choice = match raw.read::<Legacy>("function_call")? {
        Some(Legacy::Word(word)) => Some(word_choice("function_call", &word)?),
        Some(Legacy::Named(Named { name })) => {
            known(kit, &name, "function_call")?;
            Some(ToolChoice::Named(name))
        }
        None => None,
    };
    Ok(())
}
