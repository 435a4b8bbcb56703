use serde_json::{Value, json};

use super::call;
use crate::house::House;

#[tokio::test]
async fn a_conversation_is_kept_changed_found_and_removed() {
    let house = House::new().await;
    let messages = json!([{"role": "user", "content": "What is a Quokka?"},
                          {"role": "assistant", "content": [{"type": "text", "text": "A marsupial."}]}]);
    let draft = json!({"model": "small", "account_id": "a1", "messages": messages});
    let (status, head) = call(&house, "POST", "/api/conversations", draft).await;
    assert_eq!((status, &head["title"], &head["model"]), (201, &json!("What is a Quokka?"), &json!("small")));
    let path = format!("/api/conversations/{}", head["id"].as_str().unwrap());
    assert_eq!(call(&house, "GET", &path, Value::Null).await.1["messages"], messages);
    for (text, found) in [("quokka", 1), ("MARSUPIAL", 1), ("wombat", 0), ("assistant", 0)] {
        let (_, list) = call(&house, "GET", &format!("/api/conversations?text={text}"), Value::Null).await;
        assert_eq!(list["conversations"].as_array().unwrap().len(), found, "{text}");
    }
    let change = json!({"messages": [], "model": "broken"});
    let (status, after) = call(&house, "PUT", &path, change).await;
    assert_eq!((status, &after["title"], &after["model"]), (200, &head["title"], &json!("broken")));
    assert_eq!(after["created_ms"], head["created_ms"]);
    assert!(after["updated_ms"].as_i64() > head["updated_ms"].as_i64());
    assert_eq!(call(&house, "DELETE", &path, Value::Null).await.0, 204);
    for (method, body) in [("GET", Value::Null), ("PUT", json!({"messages": []})), ("DELETE", Value::Null)] {
        let (status, answer) = call(&house, method, &path, body).await;
        assert_eq!((status, &answer["code"]), (404, &json!("conversation_not_found")), "{method}");
    }
}

#[tokio::test]
async fn a_conversation_may_be_large_but_not_without_end() {
    let house = House::new().await;
    let of = |size| json!({"title": "T", "messages": [{"content": "x".repeat(size)}]});
    assert_eq!(call(&house, "POST", "/api/conversations", of(7 << 20)).await.0, 201);
    assert_eq!(call(&house, "POST", "/api/conversations", of(8 << 20)).await.0, 413);
}
