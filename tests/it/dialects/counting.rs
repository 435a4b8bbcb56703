//! What a request of Responses would cost to read, asked before it is sent.

use serde_json::json;

use crate::client::Dialect;
use crate::sides::{SIDES, Sides};

const PATH: &str = "/v1/responses/input_tokens";

#[tokio::test]
async fn the_input_of_a_response_is_counted() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for side in SIDES {
        let model = side.model;
        sides.turn_to(side).await;
        let few = app.post(PATH, &json!({"model": model, "input": "short"})).await;
        assert_eq!(few.status, 200, "{}", few.text());
        assert_eq!(few.json()["object"], "response.input_tokens");
        let count =
            |answer: &crate::harness::Answer| answer.json()["input_tokens"].as_u64().expect("a number");
        let many = app.post(PATH, &json!({"model": model, "input": "many words ".repeat(500)})).await;
        assert!(count(&many) > count(&few) && count(&few) > 0, "{} {}", many.text(), few.text());

        // With what was said before, and what the answer told of its request.
        let mut body = Dialect::Responses.asking(model, &"many words ".repeat(500), false);
        body["store"] = json!(true);
        body["instructions"] = json!("Be brief.");
        let before = app.ask(Dialect::Responses, &body).await.json();
        assert_eq!(before["instructions"], "Be brief.");
        let next = json!({"model": model, "input": "short", "previous_response_id": before["id"]});
        let after = app.post(PATH, &next).await;
        assert!(count(&after) > count(&few), "{} {}", after.text(), few.text());

        let refused = app.post(PATH, &json!({"model": model})).await;
        assert_eq!(refused.status, 400);
        let (kind, _, _) = Dialect::Responses.error(&refused.json());
        assert_eq!(kind, "invalid_request_error");
    }
    sides.finish().await;
}
