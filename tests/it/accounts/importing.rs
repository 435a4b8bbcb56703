//! Many accounts in one text: looked at, added, taken elsewhere.

use serde_json::{Value, json};

use crate::client::{CLAUDE, Dialect};
use crate::harness::{TestApp, access_key};

fn kinds(answer: &Value) -> Vec<&str> {
    let found = answer["found"].as_array().expect("what was found");
    found.iter().map(|one| one["finding"]["kind"].as_str().expect("a kind")).collect()
}

#[tokio::test]
async fn a_list_is_looked_at_first_and_then_added_but_for_what_is_there() {
    let app = TestApp::start().await;
    let (main, a) = (access_key("main"), access_key("a"));
    let content =
        format!("{},{}\nfriend {},{}\nksk_some_key\nwhat is this", main.id, main.secret, a.id, a.secret);
    let ask = json!({"content": content, "preview": true});
    let preview = app.post("/api/accounts/import", &ask).await;
    assert_eq!(preview.status, 200, "{}", preview.text());
    assert!(!preview.text().contains(&a.secret) && !preview.text().contains("ksk_some_key"));
    let preview = preview.json();
    assert_eq!(kinds(&preview), ["duplicate", "new", "new", "unreadable"]);
    assert_eq!(preview["found"][0]["finding"]["of"], "main");
    assert_eq!(preview["found"][1]["name"], "friend");
    assert_eq!(preview["consents"][0]["provider"], "amazon_q");

    let refused = app.post("/api/accounts/import", &json!({"content": content})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("policy_consent_required")));
    let take = json!({"content": content, "take": [1]});
    let imported = app.post("/api/accounts/import", &take).await;
    assert_eq!(imported.status, 201, "{}", imported.text());
    let imported = imported.json();
    assert_eq!(
        (imported["added"].as_array().map(Vec::len), &imported["added"][0]["name"]),
        (Some(1), &json!("friend"))
    );
    assert_eq!(imported["skipped"].as_array().map(Vec::len), Some(3));
    assert_eq!(kinds(&app.post("/api/accounts/import", &ask).await.json())[1], "duplicate");
}

#[tokio::test]
async fn what_was_exported_with_a_passphrase_works_elsewhere() {
    let here = TestApp::start().await;
    let unsaid = here.post("/api/accounts/export", &json!({})).await;
    assert_eq!(unsaid.status, 400, "{}", unsaid.text());
    let short = here.post("/api/accounts/export", &json!({"passphrase": "short"})).await;
    assert_eq!(short.json()["code"], "secrets_passphrase_short");
    let passphrase = "correct horse battery";
    let file = here.post("/api/accounts/export", &json!({"passphrase": passphrase})).await.json();
    let content = file["content"].as_str().expect("a file");
    assert!(content.starts_with("-----BEGIN AGE") && !content.contains("secret"), "{content}");
    let plain = here.post("/api/accounts/export", &json!({"plain": true})).await.json();
    let secret = access_key("main").secret;
    assert!(plain["content"].as_str().expect("a file").contains(&secret));

    let there = TestApp::sandbox().await;
    let code = |body: Value| {
        let there = &there;
        async move { there.post("/api/accounts/import", &body).await.json()["code"].clone() }
    };
    assert_eq!(code(json!({"content": content})).await, "import_passphrase_required");
    let wrong = json!({"content": content, "passphrase": "correct horse batterz"});
    assert_eq!(code(wrong).await, "import_wrong_passphrase");
    let right = json!({"content": content, "passphrase": passphrase});
    let imported = there.post("/api/accounts/import", &right).await;
    assert_eq!(imported.status, 201, "{}", imported.text());
    there.activate(imported.json()["added"][0]["id"].as_str().expect("an id")).await;
    // The address of the emulator came along, and the other emulator still runs.
    let answer = there.ask(Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "hello", true)).await;
    assert_eq!(answer.header("x-proxy-account"), Some("main"), "{}", answer.text());
    assert_eq!(here.emulator.journal().count(), 1);
}

#[tokio::test]
async fn a_feed_adds_what_is_new_and_names_the_rest() {
    let app = TestApp::sandbox().await;
    let one =
        |token: &str| json!({"name": "q", "refresh_token": token, "client_id": "c", "client_secret": "s"});
    let list = json!({"policy_accepted": true, "accounts": [one("r1"), one("r1"), {"name": "empty"}]});
    let fed = app.post("/api/accounts/feed", &list).await;
    assert_eq!(fed.status, 201, "{}", fed.text());
    let fed = fed.json();
    assert_eq!(
        (fed["added"].as_array().map(Vec::len), fed["skipped"].as_array().map(Vec::len)),
        (Some(1), Some(2))
    );
    let again = app.post("/api/accounts/feed", &json!([one("r1"), one("r2")])).await.json();
    // The second name is the duplicate's, should the person want it after all.
    assert_eq!(again["added"][0]["name"], "q (3)");
}

#[tokio::test]
async fn five_mebibytes_are_enough() {
    let app = TestApp::sandbox().await;
    let body = |mebibytes: usize| json!({"content": "x".repeat(mebibytes << 20), "preview": true});
    let large = app.post("/api/accounts/import", &body(6)).await;
    assert_eq!(large.status, 413, "{}", large.text());
    let fits = app.post("/api/accounts/import", &body(4)).await;
    assert_eq!(fits.status, 200, "{}", fits.text());
    assert_eq!(kinds(&fits.json()), ["unreadable"]);
}
