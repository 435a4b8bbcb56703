//! The grammar of Claude's names, in both orders: `claude-opus-4-5-20251101` and `claude-4-5-opus`.

/// What a Claude name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClaudeName {
    /// `opus`, `sonnet`, `haiku`, `fable` or `mythos`.
    pub(super) family: &'static str,
    /// Major and minor; `None` when the name leaves the version to us.
    pub(super) version: Option<(u8, u8)>,
    /// `YYYYMMDD`.
    pub(super) date: Option<u32>,
    pub(super) preview: bool,
}

pub(super) const FAMILIES: [&str; 5] = ["opus", "sonnet", "haiku", "fable", "mythos"];

impl ClaudeName {
    /// Reads a lower-case name or foundation id without suffixes for effort and the like. Understands
    /// `anthropic.` in front, `-latest`, `-vN` and `-vN:M` behind, and bare family words.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let name = name.strip_prefix("anthropic.").unwrap_or(name);
        if name == "opusplan" {
            return Self::parse("opus");
        }
        let rest = name.strip_prefix("claude-").or_else(|| FAMILIES.contains(&name).then_some(name))?;
        let mut family = None;
        let mut numbers: [Option<u8>; 2] = [None; 2];
        let mut date = None;
        let mut preview = false;
        for word in rest.split('-') {
            if let Some(known) = FAMILIES.iter().find(|known| **known == word) {
                if family.replace(*known).is_some() {
                    return None;
                }
            } else if word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_digit()) {
                date = word.parse().ok();
            } else if let Ok(number) = word.parse::<u8>() {
                let free = numbers.iter_mut().find(|slot| slot.is_none())?;
                *free = Some(number);
            } else if word == "preview" {
                preview = true;
            } else if word != "latest" && !is_revision(word) {
                return None;
            }
        }
        let version = numbers[0].map(|major| (major, numbers[1].unwrap_or(0)));
        Some(Self { family: family?, version, date, preview })
    }

    /// The name clients use: `claude-sonnet-4-5`, or `claude-3-5-sonnet` as it was before version 4.
    pub(super) fn friendly(&self) -> String {
        let family = self.family;
        match self.version {
            None if self.preview => format!("claude-{family}-preview"),
            None => format!("claude-{family}"),
            Some((major, minor)) => {
                let version = if minor == 0 { major.to_string() } else { format!("{major}-{minor}") };
                if major < 4 {
                    format!("claude-{version}-{family}")
                } else {
                    format!("claude-{family}-{version}")
                }
            }
        }
    }

    /// The name for people: `Claude Sonnet 4.5`.
    pub(super) fn display(&self) -> String {
        let mut family = self.family.to_owned();
        family[..1].make_ascii_uppercase();
        match self.version {
            None if self.preview => format!("Claude {family} Preview"),
            None => format!("Claude {family}"),
            Some((major, 0)) => format!("Claude {family} {major}"),
            Some((major, minor)) => format!("Claude {family} {major}.{minor}"),
        }
    }

    /// The version for comparisons; a preview counts as the oldest.
    pub(super) fn rank(&self) -> (u8, u8) {
        self.version.unwrap_or((0, 0))
    }
}

/// `v1`, `v2:0`.
fn is_revision(word: &str) -> bool {
    let Some(rest) = word.strip_prefix('v') else { return false };
    let number = rest.split_once(':').map_or(rest, |(major, _)| major);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_mean_the_same() {
        for name in [
            "claude-opus-4-5",
            "claude-4-5-opus",
            "anthropic.claude-opus-4-5-20251101-v1:0",
            "claude-opus-4-5-latest",
        ] {
            let parsed = ClaudeName::parse(name).expect(name);
            assert_eq!((parsed.family, parsed.version), ("opus", Some((4, 5))), "{name}");
            assert_eq!(parsed.friendly(), "claude-opus-4-5");
        }
        assert_eq!(ClaudeName::parse("claude-sonnet-4-20250514").and_then(|name| name.version), Some((4, 0)));
        assert_eq!(
            ClaudeName::parse("claude-3-7-sonnet").map(|name| name.display()).as_deref(),
            Some("Claude Sonnet 3.7")
        );
        assert_eq!(
            ClaudeName::parse("anthropic.claude-opus-4-6-v1").and_then(|name| name.version),
            Some((4, 6))
        );
        assert_eq!(ClaudeName::parse("claude-mythos-preview").map(|name| name.preview), Some(true));
        assert_eq!(ClaudeName::parse("sonnet").map(|name| name.version), Some(None));
    }

    #[test]
    fn other_names_are_not_claude() {
        for name in [
            "claude",
            "claude-2",
            "claude-instant",
            "gpt-4o",
            "claude-opus-4-5-6",
            "claude-opus-sonnet-4",
            "claude-opus-4-5-turbo",
        ] {
            assert_eq!(ClaudeName::parse(name), None, "{name}");
        }
    }
}
