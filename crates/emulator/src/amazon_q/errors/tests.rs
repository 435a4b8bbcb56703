use serde_json::Value;

use super::*;
use crate::amazon_q::{REST, TARGET};
use crate::reply::{Body, Reply};

fn told(reply: &Reply) -> Value {
    let Body::Whole(bytes) = &reply.body else { panic!("errors are whole") };
    serde_json::from_slice(bytes).unwrap()
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
}

#[test]
fn every_known_error_is_told_in_both_bindings() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../../fixtures/amazon_q/errors.json")).unwrap();
    assert_eq!(cases.len(), 27);
    for wanted in &cases {
        let name = wanted["case"].as_str().unwrap();
        let case = || refusal(name).unwrap_or_else(|| panic!("no case {name}"));
        let typed = case().into_reply(TARGET);
        assert_eq!(u64::from(typed.status), wanted["status"], "{name}");
        assert_eq!(told(&typed), wanted["awsjson_body"], "{name}");
        assert_eq!(header(&typed, "content-type"), Some("application/x-amz-json-1.0"));
        let rest = case().into_reply(REST);
        assert_eq!(told(&rest), wanted["restjson_body"], "{name}");
        let wanted = wanted["restjson_headers"]["x-amzn-errortype"].as_str().unwrap();
        let name = |text: &str| text.split_once(':').map(|(name, _)| name.to_owned());
        assert_eq!(header(&rest, "x-amzn-errortype").and_then(name), name(wanted));
    }
}

#[test]
fn what_is_written_here_is_a_case() {
    for (name, ..) in CASES {
        assert!(case(name).why.is_none(), "{name}");
    }
    assert_eq!(case("no such case").why.as_deref(), Some("no such case"));
}
