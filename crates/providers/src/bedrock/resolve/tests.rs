use llm::Effort;

use super::*;

#[derive(serde::Deserialize)]
struct File {
    region: String,
    today: String,
    vectors: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Vector {
    r#in: String,
    id: Option<String>,
    effort: Option<String>,
    context: Option<u32>,
    offers: Option<String>,
}

static NO_ALIASES: BTreeMap<String, String> = BTreeMap::new();

fn in_region(region: &str) -> Resolver<'_> {
    Resolver {
        region,
        residency: Residency::default(),
        available: None,
        aliases: &NO_ALIASES,
        today: "2026-11-21",
    }
}

fn id(resolver: &Resolver<'_>, asked: &str) -> String {
    resolver.resolve(asked).map_or_else(|error| format!("error: {error}"), |target| target.model.id.clone())
}

fn set(ids: &[&str]) -> Option<HashSet<Box<str>>> {
    Some(ids.iter().map(|id| Box::from(*id)).collect())
}

#[test]
fn names_resolve_as_the_vectors_say() {
    let file: File = serde_json::from_str(include_str!("../fixtures/model-names.json")).expect("vectors");
    let resolver = Resolver { today: &file.today, ..in_region(&file.region) };
    for vector in file.vectors {
        let result = resolver.resolve(&vector.r#in);
        match (&vector.id, result) {
            (Some(id), Ok(target)) => {
                assert_eq!(&target.model.id, id, "{}", vector.r#in);
                assert_eq!(target.effort.map(Effort::word), vector.effort.as_deref(), "{}", vector.r#in);
                if let Some(context) = vector.context {
                    assert_eq!(target.model.context, context, "{}", vector.r#in);
                }
            }
            (None, Err(error)) => {
                assert_eq!(error.category, Category::ModelNotFound);
                let offers = vector.offers.unwrap_or_default();
                assert!(error.message.contains(&offers), "{}: {}", vector.r#in, error.message);
            }
            (wanted, got) => panic!("{}: wanted {wanted:?}, got {got:?}", vector.r#in),
        }
    }
}

#[test]
fn the_region_chooses_the_profile() {
    for (region, wanted) in [
        ("eu-west-1", "eu.anthropic.claude-opus-5-5"),
        ("ap-northeast-1", "jp.anthropic.claude-opus-5-5"),
        ("ap-southeast-2", "au.anthropic.claude-opus-5-5"),
        ("ap-southeast-1", "apac.anthropic.claude-opus-5-5"),
        ("me-central-1", "global.anthropic.claude-opus-5-5"),
        ("us-gov-west-1", "us-gov.anthropic.claude-opus-5-5"),
    ] {
        assert_eq!(id(&in_region(region), "opus"), wanted);
    }
    let global = Residency { prefer_global: true, forbid_global: false };
    let resolver = Resolver { residency: global, ..in_region("eu-west-1") };
    assert_eq!(id(&resolver, "claude-opus-5"), "global.anthropic.claude-opus-5");
}

#[test]
fn only_what_the_control_plane_listed_is_chosen() {
    let available = Available {
        profiles: set(&[
            "global.anthropic.claude-sonnet-4-6",
            "us.anthropic.claude-opus-5",
            "us.anthropic.claude-opus-9-20270101-v1:0",
        ]),
        on_demand: set(&["openai.gpt-oss-20b-1:0", "acme.new-model-v1:0"]),
        behind_arn: HashMap::new(),
    };
    let resolver = Resolver { available: Some(&available), ..in_region("us-east-1") };
    assert_eq!(id(&resolver, "claude-sonnet-4-6"), "global.anthropic.claude-sonnet-4-6");
    assert_eq!(id(&resolver, "sonnet"), "global.anthropic.claude-sonnet-4-6");
    assert_eq!(id(&resolver, "opus"), "us.anthropic.claude-opus-5");
    assert_eq!(id(&resolver, "claude-opus-9"), "us.anthropic.claude-opus-9-20270101-v1:0");
    assert!(
        id(&resolver, "claude-opus-4-8").contains("`claude-opus-"),
        "not listed, but near ones are named"
    );
    assert!(resolver.resolve("gpt-oss-120b").is_err());
    let names: Vec<String> = resolver.known_models().iter().map(|model| model.id.clone()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(names.contains(&"acme.new-model-v1:0".to_owned()));
}

#[test]
fn a_listed_model_is_alive_whatever_its_date() {
    let available =
        Available { profiles: set(&["us.anthropic.claude-sonnet-4-20250514-v1:0"]), ..Available::default() };
    let resolver = Resolver { available: Some(&available), ..in_region("us-east-1") };
    assert_eq!(id(&resolver, "claude-sonnet-4"), "us.anthropic.claude-sonnet-4-20250514-v1:0");
}

#[test]
fn arns_keep_their_text_and_take_the_facts_behind_them() {
    let arn = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/AbC";
    let behind_arn = HashMap::from([(Box::from(arn), Box::from("anthropic.claude-opus-5"))]);
    let available = Available { behind_arn, ..Available::default() };
    let resolver = Resolver { available: Some(&available), ..in_region("us-east-1") };
    let target = resolver.resolve(arn).expect("arn");
    assert_eq!((target.model.id.as_str(), target.model.name.as_str()), (arn, "claude-opus-5"));
    assert_eq!(target.model.wire, Wire::AnthropicMessages);
    assert_eq!(in_region("us-east-1").resolve(arn).expect("arn").model.wire, Wire::BedrockConverse);
    let foundation = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0";
    assert_eq!(in_region("us-east-1").resolve(foundation).expect("arn").model.name, "nova-pro");
}

#[test]
fn aliases_come_first_and_a_star_catches_the_rest() {
    let aliases = BTreeMap::from([
        ("fast".to_owned(), "haiku".to_owned()),
        ("claude-opus-5".to_owned(), "sonnet".to_owned()),
        ("*".to_owned(), "gpt-oss-20b".to_owned()),
    ]);
    let resolver = Resolver { aliases: &aliases, ..in_region("us-east-1") };
    assert_eq!(id(&resolver, "Fast"), "us.anthropic.claude-haiku-5-5");
    assert_eq!(id(&resolver, "claude-opus-5"), "us.anthropic.claude-sonnet-5-5");
    assert_eq!(id(&resolver, "gpt-4o"), "openai.gpt-oss-20b-1:0");
}

#[test]
fn a_wrong_name_gets_three_suggestions() {
    let error = in_region("us-east-1").resolve("claude-sonet-5-5").expect_err("unknown");
    assert_eq!(error.param.as_deref(), Some("model"));
    assert!(error.message.contains("`claude-sonnet-5-5`"), "{}", error.message);
    assert_eq!(error.message.matches('`').count(), 8, "{}", error.message);
}

#[test]
fn retired_models_are_not_listed() {
    let models = in_region("us-east-1").known_models();
    assert_eq!(
        models.first().map(|model| model.name.clone()).as_deref().map(|name| name.starts_with("claude-")),
        Some(true)
    );
    assert!(
        models.iter().all(|model| model.name != "claude-sonnet-4" && !model.name.starts_with("claude-3"))
    );
    assert!(models.iter().all(|model| !model.id.contains("embed")));
    assert!(models.len() > 60, "{}", models.len());
}

#[test]
fn one_million_tokens_are_asked_for_in_two_ways() {
    for name in
        ["claude-sonnet-4-5[1m]", "claude-sonnet-4-5-1m", "us.anthropic.claude-sonnet-4-5-20250929-v1:0[1m]"]
    {
        assert!(in_region("us-east-1").resolve(name).expect(name).long_context, "{name}");
    }
}
