//! Files that others change, link and lock, and a journal that outlives everything.

use super::*;
use crate::Standing;

const SETTINGS: &str = ".claude/settings.json";

#[test]
fn claude_code_keeps_its_model_unless_one_is_named() {
    let person = Person::new();
    person.has(SETTINGS, "{\n  \"model\": \"opus\"\n}\n");
    person.connect("claude_code").expect("connected");
    assert!(person.text(SETTINGS).is_some_and(|text| text.contains("\"model\": \"opus\"")));
    let mut named = Words { is_named: true, ..words() };
    let plan = |words: &Words| {
        person.connections.connect(client("claude_code"), &person.own(), words, 1).expect("a plan").diff()
    };
    let diff = plan(&named);
    assert!(diff.contains("+  \"model\": \"claude-sonnet-4-5\"") && !diff.contains("HAIKU"), "{diff}");
    // Nobody has the small model that it asks by itself.
    named.models.truncate(1);
    assert!(plan(&named).contains("\"ANTHROPIC_DEFAULT_HAIKU_MODEL\": \"claude-sonnet-4-5\""));
}

#[test]
fn a_file_that_changed_after_it_was_shown_is_not_written() {
    let person = Person::new();
    person.has(SETTINGS, "{}\n");
    let plan = person.connections.connect(client("claude_code"), &person.own(), &words(), 1).expect("a plan");
    let shown = plan.fingerprint();
    person.has(SETTINGS, "{\"a\": 1}\n");
    let error = person.connections.carry_out(plan, &shown).expect_err("changed");
    assert_eq!(error.code(), "client_file_changed");
    // A plan that was made anew is not the one that was shown.
    let plan = person.connections.connect(client("claude_code"), &person.own(), &words(), 1).expect("a plan");
    let error = person.connections.carry_out(plan, &shown).expect_err("changed");
    assert_eq!(error.code(), "client_file_changed");
    assert_eq!(person.text(SETTINGS).as_deref(), Some("{\"a\": 1}\n"));
    assert_eq!(person.standing("claude_code"), Standing::NotConnected);
    // The same between connecting and taking back.
    person.connect("claude_code").expect("connected");
    let plan = person.connections.undo(client("claude_code"), "").expect("a plan");
    let shown = plan.fingerprint();
    person.has(SETTINGS, "{\"a\": 2}\n");
    assert_eq!(
        person.connections.carry_out(plan, &shown).expect_err("changed").code(),
        "client_file_changed"
    );
    assert_eq!(person.text(SETTINGS).as_deref(), Some("{\"a\": 2}\n"));
}

#[test]
fn clients_stand_as_their_files_do() {
    let person = Person::new();
    assert_eq!(person.standing("claude_code"), Standing::NotFound);
    person.has(SETTINGS, "{}\n");
    assert_eq!(person.standing("claude_code"), Standing::NotConnected);
    person.connect("claude_code").expect("connected");
    assert_eq!(person.standing("claude_code"), Standing::Connected);
    let moved =
        person.connections.look(client("claude_code"), &person.own(), "http://127.0.0.1:9").expect("a look");
    assert_eq!((moved.standing, moved.file.as_str()), (Standing::Moved, "~/.claude/settings.json"));
    let written = person.text(SETTINGS).expect("written");
    person.has(SETTINGS, &written.replace(ROOT, "https://elsewhere.test"));
    assert_eq!(person.standing("claude_code"), Standing::Changed);
    // Put back by hand.
    person.has(SETTINGS, "{}\n");
    assert_eq!(person.standing("claude_code"), Standing::NotConnected);
    assert_eq!(person.undo("codex").expect_err("never").code(), "client_not_connected");
}

#[test]
fn connecting_anew_after_a_move_keeps_the_way_back() {
    let person = Person::new();
    let own = "{\n  \"env\": {\n    \"ANTHROPIC_BASE_URL\": \"https://mine.test\"\n  }\n}\n";
    person.has(SETTINGS, own);
    person.connect("claude_code").expect("connected");
    let moved = Words { root: "http://127.0.0.1:9".to_owned(), ..words() };
    let shown = person.connect_with("claude_code", &moved).expect("again");
    assert!(shown.contains("-    \"ANTHROPIC_BASE_URL\": \"http://127.0.0.1:4880\""), "{shown}");
    // Something of the person comes in between.
    let written = person.text(SETTINGS).expect("written");
    person.has(SETTINGS, &written.replacen('{', "{\n  \"later\": 1,", 1));
    person.connect("claude_code").expect("again");
    person.undo("claude_code").expect("undone");
    assert_eq!(person.text(SETTINGS), Some(own.replacen('{', "{\n  \"later\": 1,", 1)));
}

#[test]
fn everything_is_put_back_at_once_by_the_journal_alone() {
    let person = Person::new();
    person.has(SETTINGS, "{\"model\": \"opus\"}");
    person.has(".codex/config.toml", "# mine\n");
    for id in ["claude_code", "codex", "opencode", "continue"] {
        person.connect(id).expect("connected");
    }
    // One that cannot be put back does not keep the others.
    person.has(".config/opencode/opencode.json", "{broken");
    let anew =
        Connections::new(Machine::elsewhere(person.home.path().to_owned()), &person.at("data/clients"));
    let restored = anew.restore().expect("a journal");
    let failed: Vec<_> =
        restored.iter().filter(|one| one.result.is_err()).map(|one| one.client.as_str()).collect();
    assert_eq!((restored.len(), failed), (4, vec!["opencode"]));
    assert_eq!(person.text(SETTINGS).as_deref(), Some("{\"model\": \"opus\"}"));
    assert_eq!(person.text(".codex/config.toml").as_deref(), Some("# mine\n"));
    assert_eq!(person.text(".continue/config.yaml"), None);
    assert_eq!(anew.restore().expect("a journal").len(), 1, "what failed can be tried again");
}

#[test]
fn the_variables_of_the_person_lead_to_the_file() {
    let person = Person::with(&[
        ("CLAUDE_CONFIG_DIR", "~/elsewhere"),
        ("CODEX_HOME", "~/c"),
        ("XDG_CONFIG_HOME", "~/x"),
    ]);
    for (id, file) in [
        ("claude_code", "elsewhere/settings.json"),
        ("codex", "c/config.toml"),
        ("opencode", "x/opencode/opencode.json"),
        ("zed", "x/zed/settings.json"),
    ] {
        person.connect(id).expect("connected");
        assert!(person.text(file).is_some_and(|text| text.contains(ROOT)), "{id}");
    }
    let windows = Machine::read(System::Windows, |name| {
        [("USERPROFILE", "/u/me"), ("APPDATA", "/u/me/AppData/Roaming")]
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| (*value).to_owned())
    })
    .expect("a machine");
    let file = |id| client(id).file(&windows);
    assert_eq!(file("zed"), Path::new("/u/me/AppData/Roaming/Zed/settings.json"));
    assert_eq!(file("vscode_copilot"), Path::new("/u/me/AppData/Roaming/Code/User/chatLanguageModels.json"));
    assert_eq!(file("claude_code"), Path::new("/u/me/.claude/settings.json"));
    let mac = Machine::read(System::MacOs, |name| (name == "HOME").then(|| "/Users/me".to_owned()))
        .expect("a machine");
    let file = client("vscode_copilot").file(&mac);
    assert_eq!(file, Path::new("/Users/me/Library/Application Support/Code/User/chatLanguageModels.json"));
}

#[cfg(unix)]
#[test]
fn links_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let person = Person::new();
    person.has("dotfiles/claude.json", "{}\n");
    person.has(".claude/other", "");
    symlink("../dotfiles/claude.json", person.at(SETTINGS)).expect("a link");
    fs::set_permissions(person.at("dotfiles/claude.json"), fs::Permissions::from_mode(0o640)).expect("set");
    person.connect("claude_code").expect("connected");
    assert!(person.text("dotfiles/claude.json").expect("there").contains(ROOT));
    let is_link = || fs::symlink_metadata(person.at(SETTINGS)).expect("there").is_symlink();
    let mode = || fs::metadata(person.at(SETTINGS)).expect("there").permissions().mode() & 0o777;
    assert_eq!((is_link(), mode()), (true, 0o640));
    person.undo("claude_code").expect("undone");
    assert_eq!((is_link(), mode(), person.text(SETTINGS).as_deref()), (true, 0o640, Some("{}\n")));
    // One that leads nowhere yet stays one, too.
    symlink("../dotfiles/codex.toml", {
        fs::create_dir_all(person.at(".codex")).expect("made");
        person.at(".codex/config.toml")
    })
    .expect("a link");
    person.connect("codex").expect("connected");
    assert!(person.text("dotfiles/codex.toml").expect("made").contains(ROOT));
    person.undo("codex").expect("undone");
    assert_eq!(person.text("dotfiles/codex.toml"), None);
    assert!(fs::symlink_metadata(person.at(".codex/config.toml")).expect("the link").is_symlink());
}

#[cfg(unix)]
#[test]
fn a_read_only_file_and_the_journal_are_safe() {
    use std::os::unix::fs::PermissionsExt;
    let person = Person::new();
    person.has(SETTINGS, "{}\n");
    fs::set_permissions(person.at(SETTINGS), fs::Permissions::from_mode(0o444)).expect("set");
    assert_eq!(person.connect("claude_code").expect_err("read-only").code(), "client_file_read_only");
    assert_eq!(person.text(SETTINGS).as_deref(), Some("{}\n"));
    person.connect("codex").expect("connected");
    let mode = |path: &str| fs::metadata(person.at(path)).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode("data/clients"), mode("data/clients/journal.json")), (0o700, 0o600));
    let journal = person.text("data/clients/journal.json").expect("a journal");
    assert!(!journal.contains(KEY), "{journal}");
}

#[test]
fn the_windows_around_has_files_of_its_own() {
    let person = Person::new();
    assert!(person.connections.homes().is_empty());
    person.has("system/proc/sys/fs/binfmt_misc/WSLInterop", "enabled");
    person.has("system/mnt/c/Users/me/AppData/x", "");
    let theirs = "system/mnt/c/Users/me/.claude/settings.json";
    person.has(theirs, "{}\n");
    let [windows] = &person.connections.homes()[..] else { panic!("one home") };
    assert_eq!(person.connections.home(Some(&windows.id)).expect("seen"), *windows);
    let standing = |home: &Home| person.connections.look(client("claude_code"), home, ROOT).expect("a look");
    let plan = person.connections.connect(client("claude_code"), windows, &words(), 1).expect("a plan");
    assert_eq!((&*plan.home, plan.path()), (&*windows.id, &*person.at(theirs)));
    let fingerprint = plan.fingerprint();
    person.connections.carry_out(plan, &fingerprint).expect("written");
    // Each is connected and put back by itself.
    assert_eq!(standing(windows).standing, Standing::Connected);
    assert!(standing(windows).file.ends_with("Users/me/.claude/settings.json"));
    assert_eq!(standing(&person.own()).standing, Standing::NotFound);
    person.connect("claude_code").expect("connected");
    person.undo("claude_code").expect("undone");
    assert_eq!(standing(windows).standing, Standing::Connected);
    // What is not seen any more can still be put back.
    fs::remove_dir_all(person.at("system/proc")).expect("removed");
    assert_eq!(person.connections.home(Some(&windows.id)).expect_err("gone").code(), "client_no_home");
    let restored = person.connections.restore().expect("a journal");
    assert_eq!((restored.len(), &restored[0].home), (1, &windows.id));
    assert_eq!(person.text(theirs).as_deref(), Some("{}\n"));
}
