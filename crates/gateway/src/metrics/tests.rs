use super::*;
use crate::house::House;

fn row(model: &str, status: u16) -> LogRow {
    LogRow {
        dialect: "anthropic_messages".into(),
        provider: Some("bedrock".into()),
        model_asked: "from-a-client".into(),
        model_served: Some(model.into()),
        status,
        total_ms: 1500.0,
        first_byte_ms: Some(300.0),
        input_tokens: Some(10),
        output_tokens: Some(5),
        cost_usd: Some(0.25),
        ..LogRow::default()
    }
}

#[tokio::test]
async fn rows_become_sums() {
    let house = House::new().await;
    let metrics = Metrics::default();
    metrics.count(&row("claude", 200));
    metrics.count(&row("claude", 200));
    metrics.count(&row("cla\"ude\n", 429));
    metrics.count(&LogRow { dialect: "openai_chat".into(), status: 401, ..LogRow::default() });
    let text = metrics.text(&house.gateway);
    for line in [
        r#"switchboard_requests_total{dialect="anthropic_messages",provider="bedrock",model="claude",status="200"} 2"#,
        r#"switchboard_requests_total{dialect="anthropic_messages",provider="bedrock",model="cla\"ude\n",status="429"} 1"#,
        r#"switchboard_requests_total{dialect="openai_chat",provider="",model="",status="401"} 1"#,
        r#"switchboard_request_seconds_bucket{le="1.0",dialect="anthropic_messages",provider="bedrock"} 0"#,
        r#"switchboard_request_seconds_bucket{le="2.0",dialect="anthropic_messages",provider="bedrock"} 3"#,
        r#"switchboard_first_content_seconds_count{dialect="anthropic_messages",provider="bedrock"} 3"#,
        r#"switchboard_tokens_total{provider="bedrock",model="claude",kind="input"} 20"#,
        r#"switchboard_cost_usd_total{provider="bedrock",model="claude"} 0.5"#,
        r#"switchboard_session_refreshes_total{outcome="failed"} 0"#,
        "switchboard_log_rows_dropped_total 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn labels_have_an_end() {
    let house = House::new().await;
    let metrics = Metrics::default();
    for model in 0..MOST_MODELS + 50 {
        metrics.count(&row(&format!("model-{model}"), 200));
    }
    metrics.count(&row("model-0", 200));
    let text = metrics.text(&house.gateway);
    let models = text.lines().filter(|line| line.starts_with("switchboard_requests_total")).count();
    assert_eq!(models, MOST_MODELS + 1);
    assert!(
        text.contains(r#"model="other",status="200"} 50"#)
            && text.contains(r#"model="model-0",status="200"} 2"#)
    );
    assert!(!text.contains("from-a-client"), "what a client wrote is no label");
}
