//! The tray's texts: those of the window's dictionaries, so that there is one translation.

use gateway::{Language, Notice};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::figures;

const ENGLISH: &str = include_str!("../../ui/src/lib/i18n/en.json");
const CHINESE: &str = include_str!("../../ui/src/lib/i18n/zh-CN.json");

/// A language that we have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    English,
    SimplifiedChinese,
}

impl Locale {
    /// What the person chose, else the first of the system's languages that we have.
    #[must_use]
    pub fn choose<'a>(language: Language, mut system: impl Iterator<Item = &'a str>) -> Self {
        match language {
            Language::English => Self::English,
            Language::SimplifiedChinese => Self::SimplifiedChinese,
            Language::System => system
                .find_map(|tag| {
                    let tag = tag.to_ascii_lowercase();
                    let chinese = tag.starts_with("zh").then_some(Self::SimplifiedChinese);
                    chinese.or_else(|| tag.starts_with("en").then_some(Self::English))
                })
                .unwrap_or(Self::English),
        }
    }
}

/// The texts in one language.
#[derive(Debug)]
pub struct Words {
    locale: Locale,
    texts: Map<String, Value>,
}

/// One text, or one a plural form.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message<'a> {
    One(&'a str),
    Plural { one: Option<&'a str>, other: &'a str },
}

impl Words {
    #[must_use]
    pub fn new(locale: Locale) -> Self {
        let dictionary = match locale {
            Locale::English => ENGLISH,
            Locale::SimplifiedChinese => CHINESE,
        };
        let mut texts: Map<String, Value> = serde_json::from_str(dictionary).unwrap_or_default();
        texts.retain(|key, _| key.starts_with("tray.") || key.starts_with("state."));
        Self { locale, texts }
    }

    #[must_use]
    pub const fn locale(&self) -> Locale {
        self.locale
    }

    /// The text of `key` with its holes filled.
    #[must_use]
    pub fn say(&self, key: &str, params: &[(&str, &str)]) -> String {
        self.fill(key, None, params)
    }

    /// As [`Self::say`], in the plural form for `count`, which fills the hole of that name.
    #[must_use]
    pub fn count(&self, key: &str, count: u64, params: &[(&str, &str)]) -> String {
        self.fill(key, Some(count), params)
    }

    /// What a notice says.
    #[must_use]
    pub fn notice(&self, notice: &Notice) -> String {
        let key = format!("tray.{}", notice.code.replacen("notice_", "notice.", 1));
        if !self.texts.contains_key(&key) {
            return notice.message.clone();
        }
        let params: Vec<(&str, &str)> =
            notice.params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.say(&key, &params)
    }

    fn fill(&self, key: &str, count: Option<u64>, params: &[(&str, &str)]) -> String {
        let message = self.texts.get(key).and_then(|text| Message::deserialize(text).ok());
        let text = match message {
            None => return key.to_owned(),
            Some(Message::One(text)) => text,
            // The only other language has no plural.
            Some(Message::Plural { one, other }) => {
                one.filter(|_| count == Some(1) && self.locale == Locale::English).unwrap_or(other)
            }
        };
        let count = count.map(figures::grouped);
        filled(text, |name| match (name, &count) {
            ("count", Some(count)) => Some(count.as_str()),
            _ => params.iter().find(|(param, _)| *param == name).map(|(_, value)| *value),
        })
    }
}

/// Fills what is in braces. What is filled in is not looked at again: a name may have braces of its own.
fn filled<'a>(text: &'a str, find: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut full = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        full.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            full.push('{');
            rest = after;
            continue;
        };
        if let Some(value) = find(name) {
            full.push_str(value);
        } else {
            full.extend(["{", name, "}"]);
        }
        rest = tail;
    }
    full.push_str(rest);
    full
}
