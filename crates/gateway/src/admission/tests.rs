use std::time::Duration;

use http::HeaderValue;

use super::*;
use crate::house::{House, KEY};
use crate::{KeyRules, LocalKeys, Meter, Settings};

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// A house with one more key, `sk-limited`.
async fn limited(rules: KeyRules) -> House {
    let house = House::new().await;
    let meter = Arc::new(Meter::new(house.gateway.clock.instant()));
    let key = LocalKey { owner: false, rules, ..LocalKey::of_owner("limited", "sk-limited", meter) };
    house.gateway.keys.store(Arc::new(house.gateway.keys.load().with(key)));
    house
}

fn showing(keys: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for key in keys {
        headers.append("x-api-key", HeaderValue::from_str(key).unwrap());
    }
    headers
}

/// Asks once.
fn ask(house: &House) -> Result<(), Error> {
    let key = check(&house.gateway, &showing(&["sk-limited"]))?;
    afford(&house.gateway, key.as_deref())
}

#[tokio::test]
async fn the_key_is_waived_on_loopback_alone() {
    let House { gateway, .. } = House::new().await;
    let lets_in = || check(&gateway, &HeaderMap::new()).is_ok();
    assert!(!lets_in());
    gateway.apply(Settings { require_key: false, ..Settings::default() });
    assert!(lets_in());
    for wide in ["0.0.0.0:4880", "192.168.1.9:4880", "[::]:4880"] {
        gateway.addresses.store(Arc::new(vec!["[::1]:4880".parse().unwrap(), wide.parse().unwrap()]));
        assert!(!lets_in(), "{wide}");
    }
}

#[tokio::test]
async fn who_shows_a_key_is_held_to_it_even_where_none_is_asked() {
    let rules = KeyRules { requests_per_minute: Some(1), ..KeyRules::default() };
    let house = limited(rules).await;
    house.gateway.apply(Settings { require_key: false, ..Settings::default() });
    assert!(ask(&house).is_ok());
    assert_eq!(ask(&house).unwrap_err().category, Category::RateLimited);
    assert!(check(&house.gateway, &showing(&["sk-other"])).unwrap().is_none());
}

#[tokio::test]
async fn of_several_keys_the_first_good_one_counts() {
    let house = limited(KeyRules::default()).await;
    let found =
        |keys: &[&str]| check(&house.gateway, &showing(keys)).ok().flatten().map(|key| key.id.clone());
    assert_eq!(found(&["sk-wrong", "sk-limited"]).as_deref(), Some("limited"));
    assert_eq!(found(&[KEY, "sk-limited"]).as_deref(), Some("local"));
    assert_eq!(found(&["sk-wrong"]), None);
}

#[tokio::test]
async fn an_expired_key_is_none() {
    let house = limited(KeyRules::default()).await;
    let end = house.gateway.now_ms() + 60_000;
    let key = house.gateway.keys.load().get("limited").map(|key| LocalKey::clone(key)).unwrap();
    let rules = KeyRules { expires_ms: Some(end), ..KeyRules::default() };
    house.gateway.keys.store(Arc::new(house.gateway.keys.load().with(LocalKey { rules, ..key })));
    house.clock.pass(59);
    assert!(ask(&house).is_ok());
    house.clock.pass(1);
    let error = ask(&house).unwrap_err();
    assert_eq!(error.category, Category::LocalKey);
    assert!(error.message.contains("limited expired on 2026-01-02"), "{}", error.message);
}

#[tokio::test]
async fn a_minutes_requests_come_back_with_time() {
    let house = limited(KeyRules { requests_per_minute: Some(3), ..KeyRules::default() }).await;
    for _ in 0..3 {
        ask(&house).unwrap();
    }
    let error = ask(&house).unwrap_err();
    assert_eq!((error.category, error.retry_after), (Category::RateLimited, Some(Duration::from_secs(20))));
    house.clock.pass(20);
    ask(&house).unwrap();
    assert!(ask(&house).is_err());
}

#[tokio::test]
async fn what_is_spent_stops_a_key_until_the_day_or_month_is_over() {
    let rules = KeyRules { tokens_per_day: Some(100), usd_per_month: Some(1.0), ..KeyRules::default() };
    let house = limited(rules).await;
    let spend = |tokens, usd| {
        let keys = house.gateway.keys.load();
        keys.get("limited").unwrap().meter.spent(house.gateway.now_ms(), tokens, usd);
    };
    spend(99, Some(0.5));
    ask(&house).unwrap();
    spend(1, None);
    let error = ask(&house).unwrap_err();
    assert_eq!((error.category, error.code), (Category::Quota, None));
    // It is 03:04:05 of UTC.
    assert_eq!(error.retry_after, Some(Duration::from_secs(86_400 - 3 * 3600 - 4 * 60 - 5)));
    house.clock.pass(24 * 3600);
    ask(&house).unwrap();
    spend(1, Some(0.5));
    let error = ask(&house).unwrap_err();
    assert_eq!((error.category, error.code), (Category::Quota, Some(Error::SPENT)));
    assert_eq!(error.retry_after, Some(Duration::from_secs(29 * 86_400 - 3 * 3600 - 4 * 60 - 5)));
    house.clock.pass(29 * 24 * 3600);
    ask(&house).unwrap();
}

#[tokio::test]
async fn a_limit_of_nothing_lets_nothing_through() {
    let house = limited(KeyRules { usd_per_month: Some(0.0), ..KeyRules::default() }).await;
    assert_eq!(ask(&house).unwrap_err().category, Category::Quota);
}

#[tokio::test]
async fn only_the_persons_own_key_on_this_machine_is_of_the_household() {
    let house = limited(KeyRules::default()).await;
    let keys: Arc<LocalKeys> = house.gateway.keys.load_full();
    let (own, other) = (keys.get("local").unwrap(), keys.get("limited").unwrap());
    let away: IpAddr = "192.0.2.9".parse().unwrap();
    assert!(is_household(Some(own), HOME));
    assert!(!is_household(Some(own), away) && !is_household(Some(other), HOME) && !is_household(None, HOME));
    let headers = showing(&["sk-limited"]);
    assert!(!may_administrate(&house.gateway, &headers, Some(HOME)));
    assert!(!may_administrate(&house.gateway, &headers, None));
    assert!(may_administrate(&house.gateway, &showing(&[KEY]), Some(HOME)));
}
