//! What a person has beside ours, in every format, stays as it is.

use super::*;

/// A file that a person edited, for each client that has one.
const EDITED: &[(&str, &str, &str)] = &[
    (
        "claude_code",
        ".claude/settings.json",
        "{\n    \"permissions\": {\"allow\": [\"Bash(ls:*)\"]},\n\n    \"env\": { \"FOO\": \"bar\" },\n    \"model\": \"opus\"\n}\n",
    ),
    (
        "claude_code",
        ".claude/settings.json",
        "{\r\n\t\"env\": {\r\n\t\t\"ANTHROPIC_BASE_URL\": \"https://elsewhere.test\"\r\n\t}\r\n}",
    ),
    ("claude_code", ".claude/settings.json", "\u{feff}{}"),
    ("claude_code", ".claude/settings.json", ""),
    (
        "codex",
        ".codex/config.toml",
        "# mine\nmodel = \"gpt-5\"  # the good one\napproval_policy = 'never'\n\n# other\n[model_providers.other]\nname = \"Other\"\nbase_url = \"https://o.test\"\n\n[projects.\"/home/me\"]\ntrust_level = \"trusted\"\n",
    ),
    ("codex", ".codex/config.toml", "[tui]\r\nnotifications = true\r\n"),
    ("codex", ".codex/config.toml", "model_providers = { other = { name = \"O\" } }\n# end"),
    (
        "opencode",
        ".config/opencode/opencode.json",
        "{\n  // my own\n  \"provider\": {\n    \"mine\": { \"npm\": \"x\" }, // kept\n  },\n  /* block */\n  \"theme\": \"dark\",\n}\n",
    ),
    ("opencode", ".config/opencode/opencode.jsonc", "{\"model\":\"a/b\",\"provider\":{}}"),
    (
        "continue",
        ".continue/config.yaml",
        "# mine\nname: My config\nversion: 1.0.0\nschema: v1\nmodels:\n  # local\n  - name: Llama\n    provider: ollama\n    model: llama3 # small\n\n  - name: Other\n    provider: openai\n    apiKey: 'sk-0123456789abcdef'\n\n# rules\nrules:\n  - be nice\n",
    ),
    ("continue", ".continue/config.yaml", "name: c\nversion: 0.0.1\nschema: v1\nmodels: []\r\n"),
    (
        "continue",
        ".continue/config.yaml",
        "name: c\nmodels:\n- name: A\n  provider: x\ncontext:\n- provider: code\n",
    ),
    (
        "aider",
        ".aider.conf.yml",
        "# aider\nmodel: gpt-4o   # mine\ndark-mode: true\nread:\n  - CONVENTIONS.md",
    ),
    (
        "zed",
        ".config/zed/settings.json",
        "// Zed settings\n{\n  \"theme\": \"One Dark\",\n  \"language_models\": {\n    \"ollama\": { \"api_url\": \"http://localhost:11434\" },\n  },\n}\n",
    ),
    (
        "qwen_code",
        ".qwen/settings.json",
        "{\n  \"modelProviders\": {\"openai\": [{\"id\": \"q\", \"name\": \"Mine\"}]},\n  \"ui\": {\"theme\": \"x\"}\n}\n",
    ),
    ("crush", ".config/crush/crush.json", "{\"lsp\": {\"go\": {\"command\": \"gopls\"}}}\n"),
    (
        "cline",
        ".cline/data/settings/providers.json",
        "{\"version\":1,\"lastUsedProvider\":\"cline\",\"modes\":{},\"providers\":{}}",
    ),
    (
        "vscode_copilot",
        ".config/Code/User/chatLanguageModels.json",
        "[\n\t{\n\t\t\"name\": \"Ollama\",\n\t\t\"vendor\": \"ollama\"\n\t}\n]\n",
    ),
];

#[test]
fn a_file_of_a_person_is_put_back_byte_for_byte() {
    for (id, file, text) in EDITED {
        let person = Person::new();
        person.has(file, text);
        let before = tree(person.home.path());
        let shown = person.connect(id).unwrap_or_else(|error| panic!("{id} {text:?}: {error}"));
        let written = person.text(file).expect("written");
        assert!(written.contains(ROOT), "{id}: {written}");
        assert!(!shown.contains("0123456789abcdef"), "{id}: {shown}");
        person.undo(id).expect("undone");
        let mut after = tree(person.home.path());
        after.retain(|path, _| !path.starts_with(person.at("data")));
        assert_eq!(after, before, "{id}: {text}");
    }
}

#[test]
fn what_is_not_ours_stays_byte_for_byte() {
    for (id, file, text) in EDITED {
        let person = Person::new();
        person.has(file, text);
        person.connect(id).expect("connected");
        let written = person.text(file).expect("written");
        // Each line of the person is there, but for those that hold a value of ours now, or a comma more.
        let shared = ["ANTHROPIC_BASE_URL", "model", "lastUsedProvider", "\"version\":1"];
        let mut rest = written.as_str();
        for line in text.split_inclusive('\n').filter(|line| !shared.iter().any(|name| line.contains(name))) {
            let bare = line.trim_end_matches(['\r', '\n', ' ', '}', ',', ']', '\u{feff}']);
            let place = rest.find(bare).unwrap_or_else(|| panic!("{id}: {line:?} is not in\n{written}"));
            rest = &rest[place + bare.len()..];
        }
        assert_eq!(text.starts_with('\u{feff}'), written.starts_with('\u{feff}'), "{id}");
        let ends = |text: &str| text.matches("\r\n").count() * 2 > text.matches('\n').count();
        assert_eq!(ends(text), ends(&written), "{id}: {written:?}");
    }
}

#[test]
fn a_line_of_a_person_stays_one() {
    for (id, file, text, wanted) in [
        (
            "claude_code",
            ".claude/settings.json",
            "{\n\t\"env\": { \"A\": \"1\",   \"B\": \"2\" },\n\t\"model\": \"opus\"\n}\n",
            "\t\"env\": { \"A\": \"1\",   \"B\": \"2\", \"ANTHROPIC_BASE_URL\": \"http://",
        ),
        (
            "claude_code",
            ".claude/settings.json",
            "{ \"a\" :1 }",
            "{ \"a\" :1,\n  \"env\": {\n    \"ANTHROPIC_BASE_URL\": ",
        ),
        (
            "opencode",
            ".config/opencode/opencode.json",
            "{\n  \"provider\": { \"mine\":  {} /* é */ },\n  \"theme\": \"x\"\n}\n",
            "  \"provider\": { \"mine\":  {}, /* é */\n    // Switchboard; take back with: switchboard clients undo opencode\n    \"switchboard\": {\n      \"npm\": ",
        ),
        (
            "zed",
            ".config/zed/settings.json",
            "{ \"language_models\": { \"ollama\": {}, }, }",
            "{ \"language_models\": { \"ollama\": {},\n",
        ),
    ] {
        let person = Person::new();
        person.has(file, text);
        person.connect(id).expect("connected");
        let written = person.text(file).expect("written");
        assert!(written.contains(wanted), "{id}: {written}");
        // Also where it is taken out by itself.
        person.has(file, &format!("{written}\n"));
        person.undo(id).expect("undone");
        let left = person.text(file).expect("still there");
        let format = client(id).format;
        assert_eq!(format.read(&left), format.read(text), "{id}: {left}");
    }
}

#[test]
fn connecting_twice_changes_nothing_the_second_time() {
    for (id, file, text) in EDITED {
        let person = Person::new();
        person.has(file, text);
        person.connect(id).expect("connected");
        let once = person.text(file);
        assert_eq!(person.connect(id).expect("again"), "", "{id}");
        assert_eq!(person.text(file), once, "{id}");
        assert_eq!(person.standing(id), crate::Standing::Connected, "{id}");
        person.undo(id).expect("undone");
        assert_eq!(person.text(file).as_deref(), Some(*text), "{id}");
    }
}

#[test]
fn a_home_without_anything_is_one_again() {
    for client in crate::all() {
        let person = Person::new();
        let shown = person.connect(client.id).expect("connected");
        assert!(shown.contains("+") && !shown.contains("0123456789"), "{shown}");
        let file = client.file(&Machine::elsewhere(person.home.path().to_owned()));
        let written = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", client.id));
        assert!(written.contains(ROOT) && written.ends_with('\n'), "{written}");
        let holds_key = written.contains(KEY);
        assert_eq!(holds_key, client.key == crate::KeyPlace::File, "{}", client.id);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&file).expect("a file").permissions().mode() & 0o777,
                0o600,
                "{}",
                client.id
            );
        }
        person.undo(client.id).expect("undone");
        fs::remove_dir_all(person.at("data")).expect("our own");
        assert!(tree(person.home.path()).is_empty(), "{}: {:?}", client.id, tree(person.home.path()).keys());
    }
}

#[test]
fn changes_since_are_the_persons() {
    for (id, file, text) in EDITED {
        let person = Person::new();
        person.has(file, text);
        person.connect(id).expect("connected");
        let comment = match file.rsplit('.').next() {
            Some("json") => "\n",
            Some("jsonc") => "// later\n",
            _ => "\n# later\n",
        };
        let written = person.text(file).expect("written");
        person.has(file, &format!("{written}{comment}"));
        assert_eq!(person.standing(id), crate::Standing::Connected, "{id}: ours still stands");
        let plan = person.connections.undo(client(id), "").expect("a plan");
        assert!(plan.changed_since());
        person.undo(id).expect("undone");
        let left = person.text(file).expect("still there");
        assert!(!left.contains(ROOT) && !left.contains("switchboard") && !left.contains(KEY), "{id}: {left}");
        assert!(left.ends_with(comment), "{id}: {left:?}");
        let format = client(id).format;
        let (was, is) = (format.read(text), format.read(&left));
        let blank = |value: &serde_json::Value| value.as_object().is_none_or(serde_json::Map::is_empty);
        assert!(was == is || was.as_ref().is_ok_and(blank) && is.as_ref().is_ok_and(blank), "{id}: {left}");
        for line in text.lines().filter(|line| line.contains('#') || line.contains("//")) {
            assert!(left.contains(line.trim_end()), "{id}: {line:?} is gone from\n{left}");
        }
    }
}

#[test]
fn a_value_that_the_person_changed_since_stays() {
    let person = Person::new();
    person.has(".codex/config.toml", "model = \"mine\"\n");
    person.connect("codex").expect("connected");
    let written = person.text(".codex/config.toml").expect("written");
    person.has(".codex/config.toml", &written.replace("claude-sonnet-4-5", "claude-opus-4-5"));
    assert_eq!(person.standing("codex"), crate::Standing::Changed);
    person.undo("codex").expect("undone");
    assert_eq!(person.text(".codex/config.toml").as_deref(), Some("model = \"claude-opus-4-5\"\n"));
}

#[test]
fn a_comment_names_the_way_back_where_comments_are_read() {
    for (id, file) in [
        ("codex", ".codex/config.toml"),
        ("opencode", ".config/opencode/opencode.json"),
        ("continue", ".continue/config.yaml"),
        ("aider", ".aider.conf.yml"),
        ("zed", ".config/zed/settings.json"),
    ] {
        let person = Person::new();
        person.connect(id).expect("connected");
        let written = person.text(file).expect("written");
        assert_eq!(written.matches(&format!("switchboard clients undo {id}")).count(), 1, "{written}");
    }
}

#[test]
fn what_is_not_understood_is_left_alone() {
    for (id, file, text, code) in [
        ("claude_code", ".claude/settings.json", "{\"env\": ", "client_file_unreadable"),
        ("claude_code", ".claude/settings.json", "{\"env\": \"x\"}", "client_file_shape"),
        ("claude_code", ".claude/settings.json", "[]", "client_file_shape"),
        ("claude_code", ".claude/settings.json", "{\"env\": {}, \"env\": {}}", "client_file_unreadable"),
        ("codex", ".codex/config.toml", "model = ", "client_file_unreadable"),
        ("codex", ".codex/config.toml", "model_providers = 3\n", "client_file_shape"),
        ("continue", ".continue/config.yaml", "models: {a: b}\n", "client_file_shape"),
        ("continue", ".continue/config.yaml", "models: [{name: A, provider: b}]\n", "client_file_shape"),
        ("continue", ".continue/config.yaml", "a: 1\n---\nb: 2\n", "client_file_unreadable"),
    ] {
        let person = Person::new();
        person.has(file, text);
        let before = tree(person.home.path());
        let error = person.connect(id).expect_err(text);
        assert_eq!(error.code(), code, "{text}: {error}");
        assert_eq!(tree(person.home.path()), before);
    }
    let person = Person::new();
    person.has(".continue/config.json", "{}");
    assert_eq!(person.connect("continue").expect_err("older").code(), "client_file_old");
}
