//! Texts as vectors, on every vendor's models.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emulator::{Fault, Refusal};
use serde_json::{Value, json};

use crate::client::Dialect;
use crate::harness::{Answer, Sent, TestApp};

const V2: &str = "amazon.titan-embed-text-v2:0";

fn numbers(answer: &Value, at: usize) -> Vec<f32> {
    serde_json::from_value(answer["data"][at]["embedding"].clone()).expect("numbers")
}

#[tokio::test]
async fn every_vendor_makes_vectors_in_order() {
    let app = TestApp::start().await;
    for (model, served, length) in [
        (V2, V2, 1024),
        ("titan-embed-text-v2", V2, 1024),
        ("amazon.titan-embed-text-v1", "amazon.titan-embed-text-v1", 1536),
        ("cohere.embed-english-v3", "cohere.embed-english-v3", 1024),
        ("cohere.embed-v4:0", "us.cohere.embed-v4:0", 1536),
        ("amazon.nova-2-multimodal-embeddings-v1:0", "amazon.nova-2-multimodal-embeddings-v1:0", 3072),
    ] {
        let body = json!({"model": model, "input": ["one", "two", "one"]});
        let answer = app.post("/v1/embeddings", &body).await;
        assert_eq!(answer.status, 200, "{model}: {}", answer.text());
        let said = answer.json();
        assert_eq!((&said["object"], &said["model"]), (&json!("list"), &json!(model)));
        let vectors: Vec<_> = (0..3).map(|at| numbers(&said, at)).collect();
        assert!(vectors.iter().all(|vector| vector.len() == length), "{model}");
        assert!(vectors[0] == vectors[2] && vectors[0] != vectors[1], "{model}: the order is kept");
        assert_eq!(said["data"][1]["index"], 1);
        assert!(said["usage"]["prompt_tokens"].as_u64() > Some(0), "{model}");
        let row = app.row_where(|row| row["model_asked"] == model).await;
        let told = (&row["dialect"], &row["model_served"], &row["status"]);
        assert_eq!(told, (&json!("openai_embeddings"), &json!(served), &json!(200)), "{row}");
        assert!(row["cost_usd"].as_f64() > Some(0.0) && row["input_tokens"].as_u64() > Some(0), "{row}");
    }
}

#[tokio::test]
async fn vectors_come_as_base64_and_as_long_as_asked() {
    let app = TestApp::start().await;
    for model in [V2, "cohere.embed-v4:0", "amazon.nova-2-multimodal-embeddings-v1:0"] {
        let body = json!({"model": model, "input": "one", "dimensions": 256});
        let plain = numbers(&app.post("/v1/embeddings", &body).await.json(), 0);
        assert_eq!(plain.len(), 256, "{model}");
        let mut body = body.clone();
        body["encoding_format"] = json!("base64");
        let packed = app.post("/v1/embeddings", &body).await.json();
        let bytes = STANDARD.decode(packed["data"][0]["embedding"].as_str().expect("text")).expect("base64");
        let same: Vec<f32> =
            bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().expect("four"))).collect();
        assert_eq!(same, plain, "{model}");
    }
}

#[tokio::test]
async fn many_texts_are_many_requests() {
    let app = TestApp::start().await;
    let texts: Vec<_> = (0..100).map(|number| format!("text {number}")).collect();
    for (model, requests) in [(V2, 100), ("cohere.embed-english-v3", 2)] {
        let before = app.emulator.journal().count();
        let answer = app.post("/v1/embeddings", &json!({"model": model, "input": texts})).await.json();
        assert_eq!(answer["data"].as_array().map(Vec::len), Some(100), "{model}");
        assert_eq!(app.emulator.journal().count() - before, requests, "{model}");
    }
    let last = app.emulator.journal().requests().pop().expect("a request").json();
    assert_eq!(last["texts"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn what_makes_no_vector_is_refused() {
    let app = TestApp::start().await;
    for (body, status, param) in [
        (json!({"model": V2}), 400, "input"),
        (json!({"model": V2, "input": []}), 400, "input"),
        (json!({"model": V2, "input": ["a", ""]}), 400, "input"),
        (json!({"model": V2, "input": [1, 2]}), 400, "input"),
        (json!({"model": V2, "input": "a", "dimensions": 0}), 400, "dimensions"),
        (json!({"model": V2, "input": "a", "encoding_format": "hex"}), 400, "encoding_format"),
        (json!({"model": "cohere.embed-english-v3", "input": "a", "dimensions": 7}), 400, "dimensions"),
        (json!({"model": "text-embedding-3-small", "input": "a"}), 404, "model"),
        (json!({"model": "claude-sonnet-4-5", "input": "a"}), 404, "model"),
        (json!({"input": "a"}), 400, "model"),
    ] {
        let answer = app.post("/v1/embeddings", &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert_eq!(answer.json()["error"]["param"], param, "{body}");
        Dialect::Chat.error(&answer.json());
    }
    // The length is the service's to judge.
    let answer = app.post("/v1/embeddings", &json!({"model": V2, "input": "a", "dimensions": 7})).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    let stranger = hyper::Request::post(app.url("/v1/embeddings")).header("content-type", "application/json");
    let stranger = stranger.body(http_body_util::Full::from("{}")).expect("request");
    assert_eq!(app.send(stranger).await.status, 401);
}

#[tokio::test]
async fn a_name_of_ones_own_leads_to_a_model() {
    let app = TestApp::start().await;
    app.set(&json!({"model_rules": [{"name": "text-embedding-*", "model": V2}]})).await;
    let answer = app.post("/v1/embeddings", &json!({"model": "text-embedding-3-small", "input": "a"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["model"], "text-embedding-3-small");
}

#[tokio::test]
async fn accounts_are_chosen_as_for_answers() {
    let app = TestApp::start().await;
    let first = app.add_account("a").await;
    let body = json!({"model": V2, "input": "a"});
    let told = |answer: &Answer| {
        let told = ["x-proxy-account", "x-proxy-model", "x-switchboard-attempts"];
        told.map(|name| answer.header(name).unwrap_or_default().to_owned())
    };
    let calm = app.post("/v1/embeddings", &body).await;
    assert_eq!(told(&calm), ["a", V2, "1"]);
    // The one that is throttled is left, and rests.
    app.emulator.script().push(Fault::Refuse(Refusal::of_status(429)));
    let left = app.post("/v1/embeddings", &body).await;
    assert_eq!((left.status.as_u16(), told(&left)), (200, ["main", V2, "2"].map(str::to_owned)));
    assert_eq!(app.state(&first).await, "cooling");
    assert_eq!(told(&app.post("/v1/embeddings", &body).await), ["main", V2, "1"]);
    // The model that answers for unknown names makes no vectors.
    app.set(&json!({"default_model": "claude-sonnet-4-5"})).await;
    let unknown = app.post("/v1/embeddings", &json!({"model": "nothing", "input": "a"})).await;
    assert_eq!((unknown.status.as_u16(), unknown.json()["error"]["param"].clone()), (404, json!("model")));
}
