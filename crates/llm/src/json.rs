//! Checks on JSON text that must not build a tree.

use memchr::memchr2;

/// Deepest nesting of arrays and objects that we accept: deeper ones could exhaust a parser's stack.
/// `serde_json::value::RawValue` takes a million levels, so whatever is passed on raw is measured here first.
pub const MAX_DEPTH: usize = 128;

/// Returns false when arrays and objects nest deeper than `limit`. Looks at structure alone: text that is not
/// JSON is the parser's to refuse.
#[must_use]
pub fn check_depth(json: &[u8], limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at += string_end(&json[at..]),
            _ => {}
        }
    }
    true
}

/// Bytes up to and including the closing quote of a string whose opening quote was just read.
fn string_end(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(next) = memchr2(b'"', b'\\', &rest[at..]) {
        at += next;
        if rest[at] == b'"' {
            return at + 1;
        }
        at += 2; // a backslash and what it escapes
        if at >= rest.len() {
            break;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn depth_of(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::Array(items) => 1 + items.iter().map(depth_of).max().unwrap_or(0),
            serde_json::Value::Object(members) => 1 + members.values().map(depth_of).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<i32>().prop_map(Into::into),
            r#"[ -~{}\[\]"\\é]{0,12}"#.prop_map(serde_json::Value::String),
        ];
        leaf.prop_recursive(8, 64, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
                prop::collection::vec((r#"[a-z"\\\[]{0,4}"#, inner), 0..4)
                    .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_tree(value in any_json()) {
            let text = serde_json::to_vec(&value).unwrap_or_default();
            let depth = depth_of(&value);
            prop_assert!(check_depth(&text, depth));
            prop_assert!(depth == 0 || !check_depth(&text, depth - 1));
        }

        #[test]
        fn survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = check_depth(&bytes, 4);
        }
    }
}
