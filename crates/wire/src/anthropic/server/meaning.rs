//! A request's meaning, read when the upstream speaks another wire.

use bytes::Bytes;
use llm::{
    Block, Content, Effort, Error, Format, Meaning, Message, RawBody, Request, Role, Sampling, Thinking,
    Tier, Tool, ToolChoice, ToolKind,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::content::{self, Fault, Text};
use super::super::loose::Loose;

/// What Claude Code writes in front of its instructions for Anthropic's own accounting. It is no instruction, and
/// other vendors' models answer it.
const BILLING_LINE: &str = "x-anthropic-billing-header:";

/// Members that are read here or mean nothing beyond this wire's transport.
const UNDERSTOOD: [&str; 19] = [
    "model",
    "messages",
    "system",
    "max_tokens",
    "stream",
    "stop_sequences",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
    "metadata",
    "service_tier",
    "cache_control",
    "anthropic_beta",
    "anthropic_version",
];

/// The tier a client asks for. `auto` leaves it to whoever runs the account, `standard_only` does not; the names of the
/// upstream are taken too.
pub(super) fn tier(raw: &RawBody) -> Result<Option<Tier>, Error> {
    Ok(match raw.read::<String>("service_tier")?.as_deref() {
        Some("standard_only") => Some(Tier::Default),
        Some(word) => Tier::parse(word),
        None => None,
    })
}

pub(super) fn read(asked: &Request) -> Result<Meaning, Error> {
    let raw = &asked.raw;
    let mut meaning = Meaning { system: read_system(raw)?, ..Meaning::default() };
    let turn_effort = read_messages(raw, &mut meaning)?;
    read_tools(raw, &mut meaning)?;
    read_tool_choice(raw, &mut meaning)?;
    read_output(raw, &mut meaning)?;
    meaning.effort = turn_effort.or(meaning.effort);
    meaning.thinking = read_thinking(raw)?;
    meaning.max_tokens = raw.read::<f64>("max_tokens")?.map(tokens);
    meaning.sampling = Sampling {
        temperature: raw.read("temperature")?,
        top_p: raw.read("top_p")?,
        top_k: raw.read::<f64>("top_k")?.map(tokens),
    };
    meaning.stop = raw.read("stop_sequences")?.unwrap_or_default();
    meaning.user = raw.read::<Metadata>("metadata")?.and_then(|metadata| metadata.user_id);
    meaning.tier = tier(raw)?;
    // One mark for the whole request stands after its last block.
    if let Some(mark) =
        raw.read::<Box<RawValue>>("cache_control")?.and_then(|json| content::read_cache(&json))
        && let Some(block) = meaning.messages.last_mut().and_then(|message| message.content.last_mut())
    {
        block.cache.get_or_insert(mark);
    }
    for member in raw.members() {
        if !UNDERSTOOD.contains(&&*member.name) {
            note(&mut meaning, format!("{}:dropped", member.name));
        }
    }
    Ok(meaning)
}

fn note(meaning: &mut Meaning, token: String) {
    if !meaning.adjustments.contains(&token) {
        meaning.adjustments.push(token);
    }
}

fn refuse(member: &str) -> impl Fn(Fault) -> Error {
    move |fault| Error::invalid(fault.under(member).to_string()).with_param(member)
}

/// A count of tokens; the shape was checked when the request was read, so only size is left to care for.
fn tokens(number: f64) -> u32 {
    // `as` saturates.
    number as u32
}

#[derive(Deserialize)]
struct Metadata {
    user_id: Option<String>,
}

fn read_system(raw: &RawBody) -> Result<Vec<Block>, Error> {
    let Some(json) = raw.get("system").filter(|json| json.as_ref() != b"null") else { return Ok(Vec::new()) };
    let mut blocks = content::read_all(json).map_err(refuse("system"))?;
    blocks.retain(|block| match &block.content {
        Content::Text { text } => !text.starts_with(BILLING_LINE),
        _ => true,
    });
    match blocks.iter().position(|block| !matches!(block.content, Content::Text { .. })) {
        Some(at) => Err(refuse("system")(Fault::new(format!("{at}.type"), "Input should be 'text'"))),
        None => Ok(blocks),
    }
}

/// A message. `C` is what its content is read as.
#[derive(Deserialize)]
struct Turn<'a, C> {
    #[serde(borrow)]
    role: Option<Text<'a>>,
    content: Option<C>,
    output_config: Option<OutputConfig>,
}

/// Reads the conversation. Returns the effort that its last message asks for: a later system message may carry an
/// `output_config` of its own, which beats the request's.
fn read_messages(raw: &RawBody, meaning: &mut Meaning) -> Result<Option<Effort>, Error> {
    let empty = Bytes::from_static(b"[]");
    let json = raw.get("messages").unwrap_or(&empty);
    let read = match read_at_once(json) {
        Some(read) => read,
        None => read_one_by_one(json)?,
    };
    let effort = read.last().and_then(|(_, config)| config.as_ref()?.effort.as_deref());
    let effort = effort.and_then(Effort::parse);
    meaning.messages = read.into_iter().map(|(message, _)| message).collect();
    Ok(effort)
}

type Read = (Message, Option<OutputConfig>);

/// Reads all messages in one pass over their text: looking into every level on its own would scan a long
/// conversation five times. `None` when that does not go, and the other way is to say why.
fn read_at_once(json: &Bytes) -> Option<Vec<Read>> {
    let turns: Vec<Turn<'_, Loose<'_>>> = serde_json::from_slice(json).ok()?;
    let read = turns.into_iter().map(|turn| {
        let role = role(turn.role.as_ref()).ok()?;
        Some((Message { role, content: turn.content?.blocks(json)? }, turn.output_config))
    });
    read.collect()
}

fn read_one_by_one(json: &Bytes) -> Result<Vec<Read>, Error> {
    let items: Vec<&RawValue> = serde_json::from_slice(json).map_err(|e| refuse("messages")(e.into()))?;
    let read = items
        .into_iter()
        .enumerate()
        .map(|(at, item)| read_message(item, json).map_err(|fault| refuse("messages")(fault.under(at))));
    read.collect()
}

fn read_message(item: &RawValue, body: &Bytes) -> Result<Read, Fault> {
    let turn: Turn<'_, &RawValue> = serde_json::from_str(item.get())?;
    let role = role(turn.role.as_ref())?;
    let json = turn.content.ok_or_else(|| Fault::new("content", "Field required"))?;
    let content = content::read(json, body).map_err(|fault| fault.under("content"))?;
    Ok((Message { role, content }, turn.output_config))
}

fn role(word: Option<&Text<'_>>) -> Result<Role, Fault> {
    match word.map(|word| &*word.0) {
        Some("user") => Ok(Role::User),
        Some("assistant") => Ok(Role::Assistant),
        Some("system") => Ok(Role::System),
        Some(_) => Err(Fault::new("role", "Input should be \"user\", \"assistant\" or \"system\"")),
        None => Err(Fault::new("role", "Field required")),
    }
}

#[derive(Deserialize)]
struct ToolFields<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    description: Option<String>,
    input_schema: Option<Value>,
    strict: Option<bool>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

fn read_tools(raw: &RawBody, meaning: &mut Meaning) -> Result<(), Error> {
    let Some(json) = raw.get("tools").filter(|json| json.as_ref() != b"null") else { return Ok(()) };
    // In one pass where all tools are the client's own, which have no members to keep beyond those read here.
    if let Ok(all) = serde_json::from_slice::<Vec<ToolFields<'_>>>(json)
        && all.iter().all(ToolFields::is_function)
        && let Ok(tools) = all.into_iter().map(|fields| tool(fields, ToolKind::Function)).collect()
    {
        meaning.tools = tools;
        return Ok(());
    }
    let items: Vec<&RawValue> = serde_json::from_slice(json).map_err(|e| refuse("tools")(e.into()))?;
    for (at, item) in items.into_iter().enumerate() {
        meaning.tools.push(read_tool(item).map_err(|fault| refuse("tools")(fault.under(at)))?);
    }
    Ok(())
}

impl ToolFields<'_> {
    fn is_function(&self) -> bool {
        matches!(self.kind.as_deref(), None | Some("custom"))
    }
}

fn read_tool(item: &RawValue) -> Result<Tool, Fault> {
    let fields: ToolFields<'_> = serde_json::from_str(item.get())?;
    let kind = if fields.is_function() {
        ToolKind::Function
    } else {
        // Runs at Anthropic or has a form that only its models were taught.
        ToolKind::Vendor(serde_json::from_str(item.get())?)
    };
    tool(fields, kind)
}

fn tool(fields: ToolFields<'_>, kind: ToolKind) -> Result<Tool, Fault> {
    let name = match (fields.name, &kind) {
        (Some(name), _) if !name.is_empty() => name,
        (_, ToolKind::Vendor(_)) => fields.kind.unwrap_or_default(),
        _ => return Err(Fault::new("name", "Field required")),
    };
    Ok(Tool {
        name,
        description: fields.description,
        schema: fields.input_schema.unwrap_or_else(|| json!({"type": "object", "properties": {}})),
        strict: fields.strict,
        cache: fields.cache_control.and_then(content::read_cache),
        kind,
    })
}

#[derive(Deserialize)]
struct ChoiceFields {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    disable_parallel_tool_use: Option<bool>,
}

fn read_tool_choice(raw: &RawBody, meaning: &mut Meaning) -> Result<(), Error> {
    let Some(choice) = raw.read::<ChoiceFields>("tool_choice")? else { return Ok(()) };
    let wrong = |path: &str, message: &str| Err(refuse("tool_choice")(Fault::new(path, message)));
    meaning.tool_choice = Some(match (choice.kind.as_str(), choice.name) {
        ("auto", _) => ToolChoice::Auto,
        ("none", _) => ToolChoice::None,
        ("any", _) => ToolChoice::Any,
        ("tool", Some(name)) => ToolChoice::Named(name),
        ("tool", None) => return wrong("tool.name", "Field required"),
        _ => return wrong("type", "Input should be 'auto', 'any', 'tool' or 'none'"),
    });
    meaning.parallel_tools = choice.disable_parallel_tool_use.map(|disabled| !disabled);
    Ok(())
}

#[derive(Deserialize)]
struct ThinkingFields {
    #[serde(rename = "type")]
    kind: String,
    budget_tokens: Option<f64>,
}

fn read_thinking(raw: &RawBody) -> Result<Option<Thinking>, Error> {
    let Some(thinking) = raw.read::<ThinkingFields>("thinking")? else { return Ok(None) };
    let wrong = |path: &str, message: &str| Err(refuse("thinking")(Fault::new(path, message)));
    match (thinking.kind.as_str(), thinking.budget_tokens) {
        ("disabled", _) => Ok(Some(Thinking::Off)),
        ("adaptive", _) => Ok(Some(Thinking::Adaptive)),
        ("enabled", Some(budget)) => Ok(Some(Thinking::Budget(tokens(budget)))),
        ("enabled", None) => wrong("enabled.budget_tokens", "Field required"),
        _ => wrong("type", "Input should be 'enabled', 'disabled' or 'adaptive'"),
    }
}

#[derive(Deserialize)]
struct OutputConfig {
    effort: Option<String>,
    format: Option<FormatFields>,
    task_budget: Option<Value>,
}

#[derive(Deserialize)]
struct FormatFields {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    schema: Option<Value>,
}

impl From<FormatFields> for Format {
    fn from(fields: FormatFields) -> Self {
        match (fields.kind.as_str(), fields.schema) {
            ("json_schema", Some(schema)) => {
                Self::JsonSchema { name: fields.name, description: None, schema, strict: Some(true) }
            }
            _ => Self::JsonObject,
        }
    }
}

fn read_output(raw: &RawBody, meaning: &mut Meaning) -> Result<(), Error> {
    // The older name of `output_config.format`.
    meaning.format = raw.read::<FormatFields>("output_format")?.map(Into::into);
    let Some(config) = raw.read::<OutputConfig>("output_config")? else { return Ok(()) };
    if let Some(format) = config.format {
        meaning.format = Some(format.into());
    }
    if let Some(word) = config.effort {
        meaning.effort = Effort::parse(&word);
        if meaning.effort.is_none() {
            note(meaning, "effort:dropped".to_owned());
        }
    }
    if config.task_budget.is_some() {
        note(meaning, "task_budget:dropped".to_owned());
    }
    Ok(())
}
