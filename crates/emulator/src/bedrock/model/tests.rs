use super::*;

fn refused(id: &str, region: Option<&str>) -> Refusal {
    resolve(id, region).unwrap_err()
}

#[test]
fn ids_profiles_and_arns_name_models() {
    for id in [
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc123def456",
    ] {
        assert_eq!(
            resolve(id, Some("us-east-1")).unwrap().id,
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
            "{id}"
        );
    }
    assert_eq!(resolve("qwen.qwen3-32b-v1:0", None).unwrap().id, "qwen.qwen3-32b-v1:0");
    assert_eq!(
        resolve("arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0", None).unwrap().id,
        "amazon.nova-lite-v1:0"
    );
    assert!(resolve("us.test.throttle-2", None).unwrap().is_magic());
}

#[test]
fn a_profile_only_model_needs_its_profile() {
    let refusal = refused("anthropic.claude-opus-4-8", None);
    assert_eq!(
        refusal.message,
        "Invocation of model ID anthropic.claude-opus-4-8 with on-demand throughput isn\u{2019}t supported. Retry \
         your request with the ID or ARN of an inference profile that contains this model."
    );
}

#[test]
fn unknown_ids_and_prefixes_out_of_reach_are_invalid() {
    for (id, region) in [
        ("anthropic.claude-opus-99", None),
        ("gpt-4o", None),
        ("eu.anthropic.claude-opus-4-8", Some("us-east-1")),
        ("us.anthropic.claude-opus-4-8", Some("eu-west-1")),
        ("jp.amazon.nova-lite-v1:0", None),
        ("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/other", None),
        ("arn:nonsense", None),
    ] {
        assert_eq!(refused(id, region).message, "The provided model identifier is invalid.", "{id}");
    }
}

#[test]
fn a_retired_model_is_not_found() {
    for id in ["us.anthropic.claude-sonnet-4-20250514-v1:0", "us.meta.llama3-2-1b-instruct-v1:0"] {
        let refusal = refused(id, None);
        assert_eq!((refusal.status, refusal.code.as_str()), (404, "ResourceNotFoundException"));
        assert!(refusal.message.starts_with("This model version has reached the end of its life."));
    }
}
