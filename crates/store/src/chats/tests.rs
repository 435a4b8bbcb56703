use super::*;

fn row(id: &str, title: &str) -> ConversationRow {
    let head = ConversationHead { id: id.into(), title: title.into(), updated_ms: 5, ..Default::default() };
    ConversationRow { head, messages: format!(r#"[{{"id":"{id}"}}]"#) }
}

fn ids(page: &ConversationPage) -> Vec<&str> {
    page.conversations.iter().map(|head| head.id.as_str()).collect()
}

#[tokio::test]
async fn conversations_come_last_used_first_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let chats = Chats::new(folder.path());
    for id in ["a", "b", "c", "d", "e"] {
        chats.put(row(id, "T"), String::new()).await.unwrap();
    }
    chats.put(row("b", "Again"), String::new()).await.unwrap();
    let first = chats.page("", None, 2).await.unwrap();
    assert_eq!(ids(&first), ["b", "e"]);
    let second = chats.page("", first.next, 2).await.unwrap();
    assert_eq!(ids(&second), ["d", "c"]);
    let third = chats.page("", second.next, 2).await.unwrap();
    assert_eq!((ids(&third), third.next), (vec!["a"], None));
    assert!(chats.remove("b").await.unwrap() && !chats.remove("b").await.unwrap());
    assert_eq!(chats.find("b").await.unwrap(), None);
}

#[tokio::test]
async fn they_are_found_by_what_was_said_in_any_script_and_case() {
    let folder = tempfile::tempdir().unwrap();
    let chats = Chats::new(folder.path());
    chats.put(row("a", "One"), "Über 100% 简体中文".into()).await.unwrap();
    chats.put(row("b", "Two"), "nothing".into()).await.unwrap();
    for text in ["über", "ÜBER", "体中", "100%"] {
        assert_eq!(ids(&chats.page(text, None, 9).await.unwrap()), ["a"], "{text}");
    }
    for text in ["%", "_"] {
        assert!(ids(&chats.page(text, None, 9).await.unwrap()).len() < 2, "{text} is no wildcard");
    }
}

#[tokio::test]
async fn they_outlive_the_process_and_a_damaged_file_is_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let chats = Chats::new(folder.path());
    assert!(!folder.path().join("chats.db").exists(), "nothing is made before it is needed");
    chats.put(row("a", "One"), String::new()).await.unwrap();
    chats.close();
    assert!(matches!(chats.page("", None, 1).await, Err(Error::Closed)));
    let again = Chats::new(folder.path());
    assert_eq!(again.find("a").await.unwrap().unwrap().messages, r#"[{"id":"a"}]"#);
    again.close();
    std::fs::write(folder.path().join("chats.db"), vec![7; 8192]).unwrap();
    let fresh = Chats::new(folder.path());
    assert_eq!(fresh.page("", None, 1).await.unwrap(), ConversationPage::default());
    let kept = std::fs::read_dir(folder.path()).unwrap().flatten();
    assert!(kept.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("chats.db.damaged-")));
}

#[tokio::test]
async fn answers_are_kept_for_their_key_and_for_a_time() {
    const DAY_MS: i64 = 24 * 3_600_000;
    let folder = tempfile::tempdir().unwrap();
    let chats = Chats::new(folder.path());
    let row = |id: &str, created_ms| ResponseRow {
        id: id.into(),
        key_id: "k".into(),
        created_ms,
        previous: Some("before".into()),
        input: "[]".into(),
        response: "{}".into(),
    };
    chats.keep_response(row("a", 0), 2).await.unwrap();
    chats.keep_response(row("b", DAY_MS), 2).await.unwrap();
    assert_eq!(chats.response("a", "k").await.unwrap(), Some(row("a", 0)));
    assert_eq!(chats.response("a", "other").await.unwrap(), None);
    assert!(!chats.remove_response("a", "other").await.unwrap());
    chats.keep_response(row("c", 2 * DAY_MS + 1), 2).await.unwrap();
    assert_eq!(chats.response("a", "k").await.unwrap(), None, "older than two days");
    assert!(chats.remove_response("b", "k").await.unwrap());
    assert_eq!(chats.response("b", "k").await.unwrap(), None);
    chats.close();
    assert!(Chats::new(folder.path()).response("c", "k").await.unwrap().is_some(), "outlives the process");
}
