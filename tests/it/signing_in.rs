//! People who sign in with a browser: every way to Kiro, to the first answer and past the first refresh, and everything
//! that can come in between.

mod bedrock;
mod errors;
mod kiro;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use crate::client::{CLAUDE, Dialect};
use crate::harness::{Answer, TestApp};

fn hello() -> Value {
    Dialect::Messages.asking(CLAUDE, "hello", true)
}

impl TestApp {
    /// Begins a sign-in.
    pub(crate) async fn sign_in(&self, body: &Value) -> Value {
        let begun = self.post("/api/signins", body).await;
        assert_eq!(begun.status, 201, "{}", begun.text());
        begun.json()
    }

    /// A sign-in, once it is so.
    pub(crate) async fn signing_in(&self, id: &str, state: &str) -> Value {
        let mut view = self.get(&format!("/api/signins/{id}")).await.json();
        while view["state"] != state {
            let over = ["done", "failed"].contains(&view["state"].as_str().expect("a state"));
            assert!(!over, "not {state}: {view}");
            view = self.get(&format!("/api/signins/{id}?version={}", view["version"])).await.json();
        }
        view
    }

    /// Begins a sign-in and waits until the person has something to do.
    pub(crate) async fn prompted(&self, body: &Value) -> (String, Value) {
        let id = self.sign_in(body).await["id"].as_str().expect("an id").to_owned();
        let waiting = self.signing_in(&id, "waiting").await;
        (id, waiting["prompt"].clone())
    }

    /// Signs in by a code, with the person of the emulator; the account's id.
    pub(crate) async fn signed_in_by_code(&self, body: &Value) -> String {
        let (id, prompt) = self.prompted(body).await;
        self.confirm(&prompt);
        let done = self.signing_in(&id, "done").await;
        done["account"].as_str().expect("an account").to_owned()
    }

    /// The person confirms the code that they see.
    pub(crate) fn confirm(&self, prompt: &Value) {
        assert_eq!(prompt["kind"], "device", "{prompt}");
        let code = prompt["user_code"].as_str().expect("a code");
        assert!(prompt["url"].as_str().expect("a page").contains(code), "{prompt}");
        assert!(self.emulator.kiro().enter(code));
    }

    /// A browser that goes wherever it is sent; the last page.
    pub(crate) async fn browse(&self, url: &str) -> Answer {
        let mut url = url.to_owned();
        loop {
            let request = Request::get(&url).body(Full::<Bytes>::default()).expect("request");
            let answer = self.send(request).await;
            match answer.header("location") {
                Some(location) => url = location.to_owned(),
                None => return answer,
            }
        }
    }

    /// The wish for a Kiro sign-in.
    pub(crate) fn kiro_wish(&self, name: &str, login: &str, flow: &str) -> Value {
        let fields = match login {
            "identity_center" => {
                json!({"start_url": "https://d-0000000000.awsapps.com/start/#/", "oidc_region": "eu-west-1"})
            }
            "external_idp" => {
                json!({"issuer_url": format!("{}/idp", self.emulator.url()), "client_id": "client-external"})
            }
            _ => json!({}),
        };
        json!({
            "provider": "amazon_q", "name": name, "endpoint_url": self.emulator.url(), "policy_accepted": true,
            "login": login, "flow": flow, "fields": fields,
        })
    }
}
