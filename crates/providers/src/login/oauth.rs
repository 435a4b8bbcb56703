//! How token endpoints say no: OAuth's words, and AWS's when a front end refuses.

use serde::Deserialize;

/// The longest upstream text we keep, in characters.
const LONGEST: usize = 300;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Option<String>,
    error_description: Option<String>,
    #[serde(rename = "__type")]
    kind: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
    /// Where the token belongs, when it belongs elsewhere.
    region: Option<String>,
}

/// A refusal, read. The word decides, not the status: one and the same word came with several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// OAuth's word, e.g. `invalid_grant`, also where only AWS's name was given (`InvalidGrantException`). Empty when
    /// there is none.
    pub(crate) code: String,
    /// The service's own words.
    pub(crate) said: String,
    /// The body was an object of JSON: a web page comes from something in between.
    pub(crate) is_json: bool,
    /// The word was the body's `error`.
    pub(crate) is_oauth: bool,
    /// It belongs to another region; that one's name, where it was told.
    pub(crate) elsewhere: Option<Option<String>>,
}

impl Complaint {
    pub(crate) fn read(error_type: Option<&str>, body: &[u8]) -> Self {
        let parsed: Option<Body> = serde_json::from_slice(body).ok();
        let is_json = parsed.is_some();
        let Body { error, error_description, kind, message, region } = parsed.unwrap_or_default();
        let name = error_type.map(str::to_owned).or(kind).unwrap_or_default();
        let name = name.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
        let is_oauth = error.is_some();
        let code = error.unwrap_or_else(|| word(name));
        let cut = |text: String| text.chars().take(LONGEST).collect::<String>();
        let elsewhere =
            name.starts_with("InvalidRequestRegion") || (code == "invalid_request" && region.is_some());
        Self {
            code: cut(code),
            said: cut(error_description.or(message).unwrap_or_default()),
            is_json,
            is_oauth,
            elsewhere: elsewhere.then(|| region.map(cut).filter(|region| !region.is_empty())),
        }
    }
}

/// `InvalidGrantException` is `invalid_grant`.
fn word(name: &str) -> String {
    let mut word = String::new();
    for (at, letter) in name.strip_suffix("Exception").unwrap_or(name).char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}
