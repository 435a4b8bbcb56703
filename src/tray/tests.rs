use std::fs;
use std::path::Path;

use accounts::StateView;
use gateway::{Language, Notice, PortProblem};
use serde_json::{Map, Value};
use store::Totals;

use super::glance::tests::line;
use super::{Action, Glance, Line, Locale, Menu, Mood, Place, Words};

fn glance() -> Glance {
    Glance {
        mood: Mood::Running,
        address: "127.0.0.1:4880".to_owned(),
        port_problem: None,
        locked: false,
        today: Totals {
            requests: 214,
            input_tokens: 1_000_000,
            output_tokens: 900_000,
            cost_usd: 4.12,
            ..Totals::default()
        },
        automatic: true,
        accounts: vec![
            line("work-sso", "bedrock", true, StateView::Ready),
            line("personal", "amazon_q", false, StateView::Exhausted { until_ms: 1 }),
            line("team", "bedrock", false, StateView::NeedsSignIn),
            line("Sandbox", "sandbox", false, StateView::Ready),
        ],
    }
}

fn text(menu: &Menu) -> String {
    let mark = |chosen: bool| if chosen { "✓" } else { " " };
    let mut lines = vec![menu.status.clone(), menu.today.clone()];
    for choice in std::iter::once(&menu.automatic).chain(&menu.accounts) {
        lines.push(format!("{} {}", mark(choice.chosen), choice.text));
    }
    lines.push(menu.pause.clone());
    lines.join("\n")
}

#[test]
fn the_menu_says_how_everything_is() {
    insta::assert_snapshot!(text(&Menu::of(&glance(), &Words::new(Locale::English))), @r"
    ● Running – 127.0.0.1:4880
    Today: 214 requests · 1.9M tokens · $4.12
    ✓ Automatic (work-sso first)
      work-sso    Bedrock us-east-1
      personal    Kiro us-east-1 · Quota used up
      team    Bedrock us-east-1 · expired – sign in…
      Sandbox    offline
    Pause proxy
    ");
}

#[test]
fn an_exact_account_is_marked_instead() {
    let mut glance = glance();
    glance.automatic = false;
    glance.mood = Mood::Paused;
    let menu = Menu::of(&glance, &Words::new(Locale::SimplifiedChinese));
    insta::assert_snapshot!(text(&menu), @r"
    ○ 已暂停 – 127.0.0.1:4880
    今天：214 次请求 · 190万 个 token · $4.12
      自动（按故障转移顺序）
    ✓ work-sso    Bedrock us-east-1
      personal    Kiro us-east-1 · 额度已用完
      team    Bedrock us-east-1 · 已过期 – 请登录…
      Sandbox    离线
    恢复代理
    ");
}

#[test]
fn an_allowance_is_told_while_the_account_is_well() {
    let words = Words::new(Locale::English);
    let mut glance = glance();
    for line in &mut glance.accounts {
        line.left = Some(78);
    }
    let shown = text(&Menu::of(&glance, &words));
    assert!(shown.contains("Bedrock us-east-1 · 78% left"), "{shown}");
    assert!(shown.contains("Kiro us-east-1 · Quota used up"), "{shown}");
}

#[test]
fn what_needs_attention_is_named() {
    let words = Words::new(Locale::English);
    let mut glance = glance();
    glance.mood = Mood::Attention;
    glance.port_problem = Some(PortProblem { port: 4880, owner: Some("nginx".to_owned()) });
    assert_eq!(Menu::of(&glance, &words).status, "▲ Port 4880 is taken by nginx");
    glance.port_problem = None;
    glance.accounts[0].state = StateView::Suspended;
    assert_eq!(Menu::of(&glance, &words).status, "▲ work-sso: Suspended");
    glance.locked = true;
    assert_eq!(Menu::of(&glance, &words).status, "▲ Stored secrets are locked");
    glance.locked = false;
    glance.accounts.clear();
    assert_eq!(Menu::of(&glance, &words).status, "▲ No account can answer");
}

#[test]
fn an_open_menu_stays_until_accounts_come_or_go() {
    let words = Words::new(Locale::English);
    let menu = Menu::of(&glance(), &words);
    let mut other = glance();
    other.accounts[0].name = "renamed".to_owned();
    other.today.requests = 1;
    assert!(Menu::of(&other, &words).has_lines_of(&menu));
    other.accounts.swap(0, 1);
    assert!(!Menu::of(&other, &words).has_lines_of(&menu));
    other.accounts.pop();
    assert!(!Menu::of(&other, &words).has_lines_of(&menu));
}

#[test]
fn names_stay_on_one_short_line() {
    let mut glance = glance();
    glance.accounts[0].name = format!("a\nb{{address}}{}", "c".repeat(60));
    let menu = Menu::of(&glance, &Words::new(Locale::English));
    let name = menu.accounts[0].text.split("    ").next().unwrap();
    assert!(name.starts_with("a b{address}ccc") && name.ends_with("c…"), "{name}");
    assert_eq!(name.chars().count(), 40);
    assert!(menu.automatic.text.contains("{address}"), "a name is not looked at for holes");
}

#[test]
fn one_request_is_singular() {
    let mut glance = glance();
    glance.today.requests = 1;
    assert!(Menu::of(&glance, &Words::new(Locale::English)).today.starts_with("Today: 1 request ·"));
}

#[test]
fn the_language_is_the_persons_choice_or_the_systems() {
    let system = ["de-DE", "zh_CN.UTF-8", "en"];
    let choose = |language| Locale::choose(language, system.into_iter());
    assert_eq!(choose(Language::System), Locale::SimplifiedChinese);
    assert_eq!(choose(Language::English), Locale::English);
    assert_eq!(Locale::choose(Language::System, ["de"].into_iter()), Locale::English);
}

#[test]
fn notices_are_translated_and_others_kept() {
    let words = Words::new(Locale::SimplifiedChinese);
    let mut notice = Notice {
        code: "notice_sign_in",
        params: vec![("account", "work".to_owned())],
        message: "work must be signed in to again.".to_owned(),
    };
    assert_eq!(words.notice(&notice), "work 需要重新登录。");
    notice.code = "notice_of_tomorrow";
    assert_eq!(words.notice(&notice), notice.message);
}

#[test]
fn the_dictionaries_hold_what_the_tray_says_and_nothing_more() {
    let shell = Path::new(env!("CARGO_MANIFEST_DIR")).join("src-tauri/src");
    let files = fs::read_dir(shell).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let sources = files.chain([include_str!("menu.rs").to_owned()]).collect::<String>();
    let notices = include_str!("../../crates/gateway/src/notices.rs");
    for dictionary in
        [include_str!("../../ui/src/lib/i18n/en.json"), include_str!("../../ui/src/lib/i18n/zh-CN.json")]
    {
        let texts: Map<String, Value> = serde_json::from_str(dictionary).unwrap();
        for key in texts.keys().filter(|key| key.starts_with("tray.")) {
            let said = match key.strip_prefix("tray.notice.") {
                Some(notice) => notices.contains(&format!("\"notice_{notice}\"")),
                None => sources.contains(&format!("\"{key}\"")),
            };
            assert!(said, "nobody says {key}");
        }
        for key in sources.split('"').filter(|text| text.starts_with("tray.") && !text.contains(' ')) {
            assert!(texts.contains_key(key), "{key} is missing");
        }
        for code in notices.split('"').filter_map(|text| text.strip_prefix("notice_")) {
            assert!(texts.contains_key(&format!("tray.notice.{code}")), "notice_{code} is missing");
        }
    }
}

#[test]
fn hundreds_of_accounts_leave_a_menu_that_fits() {
    let words = Words::new(Locale::English);
    let mut glance = glance();
    let line = glance.accounts[1].clone();
    glance.accounts = (0..500)
        .map(|number| Line { id: format!("{number}"), active: number == 321, ..line.clone() })
        .collect();
    let menu = Menu::of(&glance, &words);
    assert_eq!(menu.accounts.len(), 22);
    assert_eq!(menu.accounts[20].action, Action::Account("321".to_owned()));
    let last = &menu.accounts[21];
    assert_eq!((&last.action, last.text.as_str()), (&Action::Open(Place::Accounts), "479 more accounts…"));
}
