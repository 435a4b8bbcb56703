use std::collections::HashMap;

use super::*;

fn account(region: &str, endpoint: Option<&str>) -> Account {
    Account {
        id: "a".into(),
        name: "A".into(),
        provider: "bedrock".into(),
        region: region.into(),
        endpoint_url: endpoint.map(Into::into),
        options: serde_json::Value::Null,
    }
}

fn environment(pairs: &[(&str, &str)]) -> EndpointEnvironment {
    let map: HashMap<_, _> = pairs.iter().copied().collect();
    EndpointEnvironment::read(|name| map.get(name).map(|value| (*value).to_owned()))
}

#[test]
fn hosts_follow_the_partition_of_the_region() {
    let none = EndpointEnvironment::default();
    for (region, runtime) in [
        ("us-east-1", "https://bedrock-runtime.us-east-1.amazonaws.com"),
        ("ap-southeast-7", "https://bedrock-runtime.ap-southeast-7.amazonaws.com"),
        ("us-gov-west-1", "https://bedrock-runtime.us-gov-west-1.amazonaws.com"),
        ("cn-northwest-1", "https://bedrock-runtime.cn-northwest-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "https://bedrock-runtime.eusc-de-east-1.amazonaws.eu"),
        ("us-isob-east-1", "https://bedrock-runtime.us-isob-east-1.sc2s.sgov.gov"),
    ] {
        assert_eq!(base(Service::Runtime, &account(region, None), &none).unwrap(), runtime);
    }
    assert_eq!(
        base(Service::Control, &account("eu-west-3", None), &none).unwrap(),
        "https://bedrock.eu-west-3.amazonaws.com"
    );
}

#[test]
fn the_second_inference_service_has_a_host_and_a_name_of_its_own() {
    let none = EndpointEnvironment::default();
    for (region, host) in [
        ("us-east-1", "https://bedrock-mantle.us-east-1.api.aws"),
        ("us-gov-west-1", "https://bedrock-mantle.us-gov-west-1.api.aws"),
        ("eusc-de-east-1", "https://bedrock-mantle.eusc-de-east-1.api.amazonwebservices.eu"),
    ] {
        assert_eq!(base(Service::Mantle, &account(region, None), &none).unwrap(), host);
    }
    assert_eq!(Service::Mantle.signing_name(), "bedrock-mantle");

    let environment = environment(&[("AWS_ENDPOINT_URL_BEDROCK_MANTLE", "https://mantle.example")]);
    let mut account = account("us-east-1", None);
    assert_eq!(base(Service::Mantle, &account, &environment).unwrap(), "https://mantle.example");
    assert_ne!(base(Service::Runtime, &account, &environment).unwrap(), "https://mantle.example");
    account.endpoint_url = Some("http://127.0.0.1:9".into());
    assert_eq!(base(Service::Mantle, &account, &environment).unwrap(), "http://127.0.0.1:9");
    account.options = serde_json::json!({"mantle_endpoint": "http://127.0.0.1:9/mantle/"});
    assert_eq!(base(Service::Mantle, &account, &environment).unwrap(), "http://127.0.0.1:9/mantle");
    assert_eq!(base(Service::Runtime, &account, &environment).unwrap(), "http://127.0.0.1:9");
}

#[test]
fn every_offered_region_is_accepted() {
    for region in REGIONS {
        check_region(region).unwrap_or_else(|error| panic!("{region}: {error}"));
    }
}

#[test]
fn a_region_cannot_choose_the_host() {
    for region in [
        "",
        "us-east-1.evil.example",
        "us-east-1/",
        "evil.example#us-east-1",
        "us-east-1@evil",
        "us-east",
        "us-east-10",
        "us-east-0",
        "US-EAST-1",
        "us-middle-1",
        "xx-east-1",
        "us-east-1 ",
    ] {
        let error = check_region(region).expect_err(region);
        assert_eq!(error.param.as_deref(), Some("region"));
    }
}

#[test]
fn addresses_are_taken_in_the_order_of_the_aws_tools() {
    let all = [
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://runtime.example"),
        ("AWS_ENDPOINT_URL_BEDROCK", "https://control.example/"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ];
    let plain = account("us-east-1", None);
    let full = environment(&all);
    assert_eq!(
        base(Service::Runtime, &account("us-east-1", Some("http://[::1]:8/")), &full).unwrap(),
        "http://[::1]:8"
    );
    assert_eq!(base(Service::Runtime, &plain, &full).unwrap(), "https://runtime.example");
    assert_eq!(base(Service::Control, &plain, &full).unwrap(), "https://control.example");
    assert_eq!(base(Service::Control, &plain, &environment(&all[2..])).unwrap(), "http://127.0.0.1:9");

    let mut ignored = all.to_vec();
    ignored.push(("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True"));
    assert_eq!(
        base(Service::Control, &plain, &environment(&ignored)).unwrap(),
        "https://bedrock.us-east-1.amazonaws.com"
    );
}

#[test]
fn a_custom_address_needs_tls_outside_this_machine() {
    for good in [
        "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com",
        "https://10.0.0.1:8443/prefix",
        "http://127.0.0.1:4566",
        "http://localhost:4566/",
        "http://bedrock.localhost",
        "http://[::1]:1",
    ] {
        check_custom(good).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for bad in [
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "http://example.com",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://user:pw@example.com",
        "https://example.com?x=1",
        "nonsense",
    ] {
        assert_eq!(check_custom(bad).expect_err(bad).param.as_deref(), Some("endpoint_url"));
    }
}

#[test]
fn a_model_id_is_one_path_segment() {
    let url = model_url(
        "https://h.example/p",
        "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/abc",
        "invoke",
    )
    .unwrap();
    assert_eq!(
        url.as_str(),
        "https://h.example/p/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A111122223333%3Aapplication-inference-profile%2Fabc/invoke"
    );
    let nasty = model_url("https://h.example", "../../x?y#z%2f é", "invoke").unwrap();
    assert_eq!(nasty.as_str(), "https://h.example/model/..%2F..%2Fx%3Fy%23z%252f%20%C3%A9/invoke");
}
