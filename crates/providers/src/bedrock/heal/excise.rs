//! Cutting a member out of JSON text, wherever it stands, without touching another byte.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use llm::RawBody;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

const COMPLAINT: &str = ": Extra inputs are not permitted";

/// Longer paths than any body has are no paths.
const MOST_STEPS: usize = 16;

/// Where a refused member stands. Places in arrays are not kept: what one tool may not have, none may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(Box<str>),
    Every,
}

impl Path {
    /// Reads `tools.0.custom.strict`. `None` when it does not begin with a name and end with one.
    fn parse(text: &str) -> Option<Self> {
        let steps: Vec<Step> = text
            .split('.')
            .map(|step| match step {
                "" => None,
                _ if step.bytes().all(|byte| byte.is_ascii_digit()) => Some(Step::Every),
                name => Some(Step::Name(name.into())),
            })
            .collect::<Option<_>>()?;
        let names = matches!((steps.first(), steps.last()), (Some(Step::Name(_)), Some(Step::Name(_))));
        (names && steps.len() <= MOST_STEPS).then_some(Self(steps))
    }

    /// Reads `tools[0].custom.strict`, as OpenAI names members.
    pub(crate) fn of_param(param: &str) -> Option<Self> {
        Self::parse(&param.replace('[', ".").replace(']', ""))
    }

    /// The member of the body that it is, rather than one within.
    pub(crate) fn whole_member(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Step::Name(name)] => Some(name),
            _ => None,
        }
    }

    /// The same path seen from outside `member`.
    pub(super) fn within(&self, member: &str) -> Self {
        let mut steps = vec![Step::Name(member.into())];
        steps.extend(self.0.iter().cloned());
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            f.write_str(match step {
                Step::Name(name) => name,
                Step::Every => "*",
            })?;
        }
        Ok(())
    }
}

/// The paths that a refusal names.
pub(super) fn paths(words: &str) -> impl Iterator<Item = Path> {
    words.match_indices(COMPLAINT).filter_map(|(end, _)| {
        let before = &words[..end];
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let start = before
            .rfind(|c| !letter(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        Path::parse(&before[start..])
    })
}

/// Cuts what stands at `path` out of a body. False when nothing stands there.
pub(super) fn excise(body: &mut RawBody, path: &Path) -> bool {
    let Some((Step::Name(top), rest)) = path.0.split_first() else { return false };
    if rest.is_empty() {
        return body.remove(top).is_some();
    }
    let Some(json) = body.get(top) else { return false };
    let Ok(text) = std::str::from_utf8(json) else { return false };
    let mut cuts = Vec::new();
    find(text, text, rest, &mut cuts);
    if cuts.is_empty() {
        return false;
    }
    let shorter = without(json, &cuts);
    body.set(top, shorter);
    true
}

/// Collects, from front to back, what must go from `whole`. `text` is a value inside it.
fn find(whole: &str, text: &str, path: &[Step], cuts: &mut Vec<Range<usize>>) {
    let Some((step, rest)) = path.split_first() else { return };
    match (step, text.as_bytes().first()) {
        (Step::Every, Some(b'[')) => {
            for element in serde_json::from_str::<Vec<&RawValue>>(text).unwrap_or_default() {
                find(whole, element.get(), rest, cuts);
            }
        }
        (Step::Name(name), Some(b'{')) => {
            let members = serde_json::from_str::<Members<'_>>(text).unwrap_or_default().0;
            let before = cuts.len();
            if let Some(at) = members.iter().position(|(known, _)| *known == **name) {
                if rest.is_empty() {
                    cuts.extend(member(whole, &members, at));
                } else {
                    find(whole, members[at].1.get(), rest, cuts);
                }
            }
            // The upstream puts the kind of a block or tool into its paths (`tools.0.custom.strict`), where there
            // is no such member.
            if cuts.len() == before && !rest.is_empty() {
                find(whole, text, rest, cuts);
            }
        }
        _ => {}
    }
}

/// The range of a member, with the comma that would be left over.
fn member(whole: &str, members: &[(Cow<'_, str>, &RawValue)], at: usize) -> Option<Range<usize>> {
    let offset = |part: &str| part.as_ptr().addr().checked_sub(whole.as_ptr().addr());
    let end_of = |value: &RawValue| Some(offset(value.get())? + value.get().len());
    // A name with escapes is no slice of the text, so its place is unknown.
    let quote_of = |name: &Cow<'_, str>| match name {
        Cow::Borrowed(name) => offset(name)?.checked_sub(1),
        Cow::Owned(_) => None,
    };
    let (name, value) = members.get(at)?;
    let start = quote_of(name)?;
    let range = match (members.get(at + 1), at.checked_sub(1).and_then(|before| members.get(before))) {
        (Some((next, _)), _) => start..quote_of(next)?,
        (None, Some((_, previous))) => end_of(previous)?..end_of(value)?,
        (None, None) => start..end_of(value)?,
    };
    (range.start <= range.end && range.end <= whole.len()).then_some(range)
}

fn without(json: &Bytes, cuts: &[Range<usize>]) -> Bytes {
    let mut left = BytesMut::with_capacity(json.len());
    let mut from = 0;
    for cut in cuts {
        left.extend_from_slice(&json[from..cut.start.max(from)]);
        from = cut.end.max(from);
    }
    left.extend_from_slice(&json[from..]);
    left.freeze()
}

/// An object's members in order, borrowed from its text.
#[derive(Default)]
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
