//! Whatever a person wrote: it is put back byte for byte, connecting twice is connecting once, and what is not ours means
//! the same while we are in there.

use proptest::prelude::*;

use super::*;
use crate::change::{Edit, make};
use crate::format::Format;

fn json(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("-2.5e3".to_owned()),
        Just("null".to_owned()),
        Just("\"a // b\"".to_owned()),
        Just("[]".to_owned()),
        Just("[ 1, {\"x\": 2} ]".to_owned())
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    prop_oneof![3 => leaf, 2 => object(depth - 1)].boxed()
}

fn gap() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()), 3 => Just(" ".to_owned()), 3 => Just("\n  ".to_owned()), 2 => Just("\r\n\t".to_owned()),
        1 => Just(" // note\n".to_owned()), 1 => Just(" /* b\n */ ".to_owned()), 1 => Just("\n\n".to_owned()),
    ]
}

fn object(depth: u32) -> BoxedStrategy<String> {
    let name =
        prop::sample::select(vec!["a", "b", "env", "provider", "model", "small_model", "theme", "c d"]);
    let member = (gap(), name, gap(), gap(), json(depth), gap());
    (prop::collection::vec(member, 0..5), any::<bool>(), gap())
        .prop_map(|(members, comma, end)| {
            let mut seen = std::collections::BTreeSet::new();
            let kept: Vec<_> = members.into_iter().filter(|member| seen.insert(member.1)).collect();
            let mut text = "{".to_owned();
            for (at, (a, name, b, c, value, d)) in kept.iter().enumerate() {
                // What is replaced goes with all that is in it.
                let value = if name.ends_with("model") { "\"x\"" } else { value };
                let last = at + 1 == kept.len();
                text += &format!("{a}\"{name}\"{b}:{c}{value}{d}{}", if !last || comma { "," } else { "" });
            }
            text + &end + "}"
        })
        .boxed()
}

fn toml() -> impl Strategy<Value = String> {
    let root = prop::sample::select(vec![
        "model = \"x\"",
        "model_provider='y' # mine",
        "a.b = 1",
        "list = [\n  1, # one\n  2,\n]",
        "# note",
        "",
        "when = 1979-05-27",
        "text = \"\"\"\n# no comment\n\"\"\"",
    ]);
    let table = prop::sample::select(vec![
        "[tui]\nx = true",
        "[model_providers.other]\nname = \"O\"",
        "# about\n[projects.\"/a b\"]\ntrust_level = \"trusted\"",
        "[[hooks]]\nrun = 'x'",
        "[profiles.deep]\nmodel = \"z\" # deep",
    ]);
    (prop::collection::vec(root, 0..6), prop::collection::vec(table, 0..4), any::<bool>(), any::<bool>())
        .prop_map(|(roots, tables, windows, ended)| {
            let mut seen = std::collections::BTreeSet::new();
            let mut lines: Vec<&str> = roots
                .into_iter()
                .filter(|line| line.is_empty() || line.starts_with('#') || seen.insert(*line))
                .collect();
            let mut tables: Vec<&str> = tables;
            tables.sort_unstable();
            tables.dedup();
            lines.extend(tables);
            let text = lines.join("\n") + if ended { "\n" } else { "" };
            if windows { text.replace('\n', "\r\n") } else { text }
        })
}

fn yaml() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "name: Mine # n",
        "# note",
        "",
        "model: gpt-4o",
        "dark-mode: true",
        "read:\n  - a.md\n  - b.md",
        "models:\n  - name: A\n    provider: x\n  # between\n  - name: B\n    roles: [chat]",
        "text: |\n  # not a comment\n  body",
        "rules: []",
    ]);
    (prop::collection::vec(line, 0..7), any::<bool>(), any::<bool>()).prop_map(|(lines, windows, ended)| {
        let mut seen = std::collections::BTreeSet::new();
        let kept: Vec<&str> = lines
            .into_iter()
            .filter(|line| line.is_empty() || line.starts_with('#') || seen.insert(*line))
            .collect();
        let text = kept.join("\n") + if ended { "\n" } else { "" };
        if windows { text.replace('\n', "\r\n") } else { text }
    })
}

/// Connects, twice, and takes back; and once more after a change by the person.
fn round(id: &str, file: &str, text: &str) -> Result<(), TestCaseError> {
    let person = Person::new();
    person.has(file, text);
    let format: Format = client(id).format;
    prop_assert!(format.read(text).is_ok(), "{text:?}");
    match person.connect(id) {
        Ok(_) => {}
        // A value of the person stands where a table must.
        Err(Error::Shape { .. }) => {
            prop_assert_eq!(person.text(file), Some(text.to_owned()));
            return Ok(());
        }
        Err(error) => return Err(TestCaseError::fail(format!("{error}: {text:?}"))),
    }
    let written = person.text(file).expect("written");
    let base = if text.trim().is_empty() { client(id).blank } else { text };
    let mut wanted = format.read(base).expect("read");
    for put in (client(id).puts)(&words()) {
        make(&mut wanted, &Edit::Set(put.path, put.value)).expect("fits");
    }
    prop_assert_eq!(format.read(&written).expect("read"), wanted, "{}", written);
    for line in text.lines().filter(|line| line.trim_start().starts_with(['#', '/'])) {
        prop_assert!(written.contains(line.trim()), "{:?} is gone from {:?}", line, written);
    }
    prop_assert_eq!(person.connect(id).expect("again"), "", "{}", written);
    person.undo(id).expect("undone");
    prop_assert_eq!(person.text(file), Some(text.to_owned()));

    person.connect(id).expect("connected");
    let ending = if format == Format::Json { "\n" } else { "\n# later\n" };
    person.has(file, &format!("{written}{ending}"));
    person.undo(id).expect("undone");
    let left = person.text(file).expect("there");
    let (is, was) = (format.read(&left).expect("read"), format.read(base).expect("read"));
    let nothing = |value: &serde_json::Value| {
        value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty)
    };
    prop_assert!(is == was || nothing(&is) && nothing(&was), "{:?} became {:?}", text, left);
    for line in text.lines().filter(|line| line.trim_start().starts_with(['#', '/'])) {
        prop_assert!(left.contains(line.trim()), "{:?} is gone from {:?}", line, left);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_of_anybody(text in object(2)) {
        round("claude_code", ".claude/settings.json", &text)?;
        round("opencode", ".config/opencode/opencode.json", &text)?;
    }

    #[test]
    fn toml_of_anybody(text in toml()) {
        round("codex", ".codex/config.toml", &text)?;
    }

    #[test]
    fn yaml_of_anybody(text in yaml()) {
        round("continue", ".continue/config.yaml", &text)?;
        round("aider", ".aider.conf.yml", &text)?;
    }
}
