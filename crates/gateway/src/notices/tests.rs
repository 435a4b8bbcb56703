use std::path::Path;

use accounts::Outcome;
use llm::{Category, Error};
use serde_json::json;
use tokio::sync::mpsc;

use super::*;
use crate::house::House;
use crate::shell::{Capabilities, Shell};
use crate::{PortProblem, Settings};

/// A desktop that writes down what it shows.
#[derive(Debug)]
struct Desktop(mpsc::UnboundedSender<String>);

impl Shell for Desktop {
    fn capabilities(&self) -> Capabilities {
        Capabilities { notify: true, ..Capabilities::default() }
    }

    fn autostart(&self, _: Option<bool>) -> Result<bool, String> {
        Ok(false)
    }

    fn reveal(&self, _: &Path) -> Result<(), String> {
        Ok(())
    }

    fn notify(&self, notice: &Notice) {
        self.0.send(format!("{} {:?}", notice.code, notice.params)).unwrap();
    }

    fn quit(&self) {}
}

async fn failed(house: &House, id: &str, category: Category) {
    let entry = house.gateway.accounts.entry(id).unwrap();
    house.gateway.accounts.note(&entry, Outcome::Failure(&Error::new(category, "no")));
}

async fn add(house: &House, name: &str) -> String {
    let new = json!({"name": name, "provider": "invented", "region": "us-east-1",
                     "credential": {"kind": "api_key", "api_key": "sk-1234"}});
    house.gateway.accounts.add(serde_json::from_value(new).unwrap()).await.unwrap().id
}

#[tokio::test]
async fn the_person_is_told_once_and_of_what_they_want() {
    let (sender, mut told) = mpsc::unbounded_channel();
    let house = House::with_shell(Arc::new(Desktop(sender))).await;
    let (work, home) = (add(&house, "Work").await, add(&house, "Home").await);
    let quit = CancellationToken::new();
    let informing = keep_informed(Arc::clone(&house.gateway), quit.clone());
    let living = async {
        failed(&house, &work, Category::Suspended).await;
        assert_eq!(told.recv().await.unwrap(), r#"notice_suspended [("account", "Work")]"#);
        // The same account again, within ten minutes: nothing.
        house.gateway.accounts.activate(&work).await.unwrap();
        failed(&house, &work, Category::Suspended).await;
        let row = |from: &str| LogRow {
            status: 200,
            account_name: Some("Home".into()),
            failover_from: Some(json!([{"account": from, "category": "rate_limited"}])),
            ..LogRow::default()
        };
        // Asked twice, by itself: nobody took its place.
        house.gateway.sink.record(row("Home"));
        house.gateway.sink.record(row("Third"));
        house.gateway.sink.record(row("Third"));
        let failover = r#"notice_failover [("from", "Third"), ("to", "Home"), ("reason", "rate_limited")]"#;
        assert_eq!(told.recv().await.unwrap(), failover);
        let mut quiet = Settings::default();
        quiet.notifications.sign_in = false;
        house.gateway.apply(quiet);
        failed(&house, &home, Category::NoCredentials).await;
        let problem = PortProblem { port: 4880, owner: Some("other (process 7)".into()) };
        house.gateway.office.set_port_problem(Some(problem.clone()));
        house.gateway.office.set_port_problem(Some(problem));
        let port = r#"notice_port_taken [("port", "4880"), ("owner", "other (process 7)")]"#;
        assert_eq!(told.recv().await.unwrap(), port);
        house.gateway.logs.flush().await.unwrap();
        quit.cancel();
    };
    tokio::join!(informing, living);
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn the_end_of_a_sign_in_is_told_once_before_it_comes() {
    let (sender, mut told) = mpsc::unbounded_channel();
    let house = House::with_shell(Arc::new(Desktop(sender))).await;
    for (name, ends_in) in [("Soon", 9), ("Later", 12), ("Over", 0)] {
        let new = json!({"name": name, "provider": "invented", "region": "us-east-1",
                         "credential": {"kind": "api_key", "api_key": "sk-1234", "ends_in": ends_in}});
        house.gateway.accounts.add(serde_json::from_value(new).unwrap()).await.unwrap();
    }
    let mut teller = Teller { states: states(&house.gateway), ..Teller::default() };
    assert_eq!(teller.ending(&house.gateway), TICK, "at least once a minute");
    assert_eq!(told.recv().await.unwrap(), r#"notice_sign_in_ends [("account", "Soon"), ("minutes", "9")]"#);
    house.clock.pass(90);
    assert_eq!(teller.ending(&house.gateway), Duration::from_secs(30));
    house.clock.pass(31);
    teller.ending(&house.gateway);
    assert_eq!(
        told.recv().await.unwrap(),
        r#"notice_sign_in_ends [("account", "Later"), ("minutes", "10")]"#
    );
    house.clock.pass(700);
    teller.ending(&house.gateway);
    assert!(told.try_recv().is_err(), "each once");
}

/// An account of a vendor that sells an allowance of 50, of which so much is used.
async fn add_metered(house: &House, used: f64) -> String {
    let new = json!({"name": "Kiro", "provider": "wild", "region": "us-east-1", "policy_accepted": true,
                     "options": {"used": used}, "credential": {"kind": "api_key", "api_key": "sk-1234"}});
    house.gateway.accounts.add(serde_json::from_value(new).unwrap()).await.unwrap().id
}

#[tokio::test]
async fn an_allowance_is_asked_for_after_a_request_and_told_of_by_levels() {
    let (sender, mut told) = mpsc::unbounded_channel();
    let house = House::with_shell(Arc::new(Desktop(sender))).await;
    let metered = add_metered(&house, 41.0).await;
    let quit = CancellationToken::new();
    let informing = keep_informed(Arc::clone(&house.gateway), quit.clone());
    let row = |id: &str| LogRow { status: 200, account_id: Some(id.to_owned()), ..LogRow::default() };
    let living = async {
        house.gateway.sink.record(row(&metered));
        assert_eq!(told.recv().await.unwrap(), r#"notice_quota [("account", "Kiro"), ("percent", "80")]"#);
        // More of the same level, and a higher one within ten minutes: nothing yet.
        let mut teller = Teller { levels: HashMap::from([(metered.clone(), 80)]), ..Teller::default() };
        let quota = |used: f64| Quota {
            used,
            ..house.gateway.quotas.last(&house.gateway.accounts.entry(&metered).unwrap()).unwrap()
        };
        teller.quota(&house.gateway, &metered, &quota(44.0));
        assert!(told.try_recv().is_err());
        teller.quota(&house.gateway, &metered, &quota(48.0));
        assert_eq!(told.recv().await.unwrap(), r#"notice_quota [("account", "Kiro"), ("percent", "95")]"#);
        // A new month, and the next 80 %: told again, but not within ten minutes.
        teller.quota(&house.gateway, &metered, &quota(2.0));
        teller.quota(&house.gateway, &metered, &quota(41.0));
        assert!(told.try_recv().is_err());
        house.clock.pass(601);
        teller.quota(&house.gateway, &metered, &quota(41.0));
        assert_eq!(told.recv().await.unwrap(), r#"notice_quota [("account", "Kiro"), ("percent", "80")]"#);
        // It is not asked with every request.
        assert!(teller.due(&house.gateway, &row(&metered)).is_some());
        assert!(teller.due(&house.gateway, &row(&metered)).is_none());
        let failed = LogRow { error_category: Some("timeout".into()), ..row(&metered) };
        house.clock.pass(601);
        assert!(teller.due(&house.gateway, &failed).is_none());
        assert!(teller.due(&house.gateway, &row(&metered)).is_some());
        quit.cancel();
    };
    tokio::join!(informing, living);
}
