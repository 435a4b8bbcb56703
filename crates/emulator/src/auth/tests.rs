use std::time::Duration;

use http::Request;
use serde_json::Value;

use super::*;
use crate::AccessKey;
use crate::clock::parse_amz_date;

/// Requests signed by botocore with the access key and secret of the AWS documentation's examples.
const SIGNED: &str = include_str!("../../fixtures/sigv4.json");

type Change<'a> = &'a dyn Fn(&mut Parts, &mut Bytes);

fn config(token: Option<&str>) -> Config {
    let key = AccessKey::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    Config { access_keys: vec![AccessKey { token: token.map(Into::into), ..key }], ..Config::default() }
}

fn request(vector: &Value) -> (Parts, Bytes) {
    let url: http::Uri = vector["url"].as_str().unwrap().parse().unwrap();
    let mut request = Request::builder()
        .method(vector["method"].as_str().unwrap())
        .uri(url.path_and_query().unwrap().as_str())
        .header("host", url.host().unwrap());
    for (name, value) in vector["headers_after"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let body = vector["body"].as_str().unwrap_or_default().to_owned();
    (request.body(()).unwrap().into_parts().0, body.into())
}

fn vectors() -> Vec<Value> {
    serde_json::from_str(SIGNED).unwrap()
}

fn admit_at(
    vector: &Value,
    token: Option<&str>,
    head: &Parts,
    body: &Bytes,
    late: i64,
) -> Result<Caller, Refusal> {
    let signed_at = parse_amz_date("20261121T120000Z").unwrap();
    let by = Duration::from_secs(late.unsigned_abs());
    let now = if late < 0 { signed_at - by } else { signed_at + by };
    admit(&config(token), &[], vector["service"].as_str().unwrap(), head, body, now)
}

#[test]
fn foreign_signatures_are_accepted() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 6);
    for vector in &vectors {
        let (head, body) = request(vector);
        let caller = admit_at(vector, vector["session_token"].as_str(), &head, &body, 0);
        let caller = caller.unwrap_or_else(|refusal| panic!("{}: {refusal:?}", vector["name"]));
        assert_eq!(caller.region.as_deref(), vector["region"].as_str());
        assert_eq!(caller.key, "AKIDEXAMPLE");
    }
}

#[test]
fn whatever_is_changed_breaks_the_signature() {
    let vector = &vectors()[0];
    let refused = |change: Change<'_>| {
        let (mut head, mut body) = request(vector);
        change(&mut head, &mut body);
        admit_at(vector, None, &head, &body, 0).unwrap_err()
    };
    let mismatch = "The request signature we calculated does not match the signature you provided.";
    let changes: [Change<'_>; 4] = [
        &|_, body| *body = Bytes::from_static(b"{}"),
        &|head, _| head.uri = "/model/other/invoke".parse().unwrap(),
        &|head, _| drop(head.headers.insert("host", "elsewhere".parse().unwrap())),
        &|head, _| drop(head.headers.insert("content-type", "text/plain".parse().unwrap())),
    ];
    for change in changes {
        let refusal = refused(change);
        assert_eq!((refusal.status, refusal.code.as_str()), (403, "InvalidSignatureException"));
        assert!(refusal.message.starts_with(mismatch), "{}", refusal.message);
    }
    let refusal = refused(&|head, _| drop(head.headers.insert("x-amz-new", "1".parse().unwrap())));
    assert_eq!(refusal.message, "'x-amz-new' must be a 'SignedHeader' in the AWS Credential.");
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    let vector = &vectors()[0];
    let (head, body) = request(vector);
    assert!(admit_at(vector, None, &head, &body, 299).is_ok());
    assert!(admit_at(vector, None, &head, &body, -299).is_ok());
    let late = admit_at(vector, None, &head, &body, 600).unwrap_err();
    assert_eq!(
        late.message,
        "Signature expired: 20261121T120000Z is now earlier than 20261121T120500Z (20261121T121000Z - 5 min.)"
    );
    let early = admit_at(vector, None, &head, &body, -600).unwrap_err();
    assert!(early.message.starts_with("Signature not yet current: 20261121T120000Z is still later than"));
}

#[test]
fn the_session_token_is_checked() {
    let vectors = vectors();
    let with_token = vectors.iter().find(|vector| vector["session_token"].is_string()).unwrap();
    let (head, body) = request(with_token);
    let invalid = "The security token included in the request is invalid.";
    assert_eq!(admit_at(with_token, None, &head, &body, 0).unwrap_err().message, invalid);
    assert_eq!(admit_at(with_token, Some("other"), &head, &body, 0).unwrap_err().message, invalid);
    let (head, body) = request(&vectors[0]);
    assert_eq!(admit_at(&vectors[0], Some("missing"), &head, &body, 0).unwrap_err().message, invalid);
}

#[test]
fn a_signature_is_for_one_service() {
    let vector = &vectors()[0];
    let (head, body) = request(vector);
    let now = parse_amz_date("20261121T120000Z").unwrap();
    let refusal = admit(&config(None), &[], "sts", &head, &body, now).unwrap_err();
    assert_eq!(refusal.message, "Credential should be scoped to correct service: 'sts'. ");
}

#[test]
fn what_is_no_credential_is_told_apart() {
    let refused = |given: Option<&str>| {
        let mut request = Request::builder().uri("/model/x/invoke").header("x-amz-date", "20261121T120000Z");
        if let Some(given) = given {
            request = request.header("authorization", given);
        }
        let head = request.body(()).unwrap().into_parts().0;
        let now = parse_amz_date("20261121T120000Z").unwrap();
        admit(&config(None), &[], "bedrock", &head, &Bytes::new(), now).unwrap_err()
    };
    assert_eq!(refused(None).code, "MissingAuthenticationTokenException");
    assert_eq!(refused(Some("Basic abc")).code, "IncompleteSignatureException");
    assert_eq!(refused(Some("AWS4-HMAC-SHA256 Credential=a/b")).code, "IncompleteSignatureException");
    let unknown = "AWS4-HMAC-SHA256 Credential=AKIAOTHER/20261121/us-east-1/bedrock/aws4_request, \
                   SignedHeaders=host, Signature=00";
    assert_eq!(refused(Some(unknown)).code, "UnrecognizedClientException");
    let bearer = refused(Some("Bearer wrong"));
    assert_eq!(
        (bearer.status, bearer.message.as_str()),
        (403, "Authentication failed: Please make sure your API Key is valid.")
    );
}

#[test]
fn an_expired_key_is_told_so_only_when_its_signature_is_right() {
    let vector = &vectors()[0];
    let (head, body) = request(vector);
    let mut config = config(None);
    config.access_keys[0].expired = true;
    let now = parse_amz_date("20261121T120000Z").unwrap();
    let refusal = |body: &Bytes| admit(&config, &[], "bedrock", &head, body, now).unwrap_err().code;
    assert_eq!(refusal(&body), "ExpiredTokenException");
    assert_eq!(refusal(&Bytes::from_static(b"{}")), "InvalidSignatureException");
}
