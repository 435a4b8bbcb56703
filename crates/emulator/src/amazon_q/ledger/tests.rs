use std::time::UNIX_EPOCH;

use super::*;

#[test]
fn nothing_grows_without_end() {
    let kiro = Kiro::new(&KiroConfig::default(), 1);
    let first = kiro.access_token("social");
    for _ in 0..MOST_TOKENS {
        assert!(kiro.owner_of(&first).is_some());
        let _ = kiro.access_token("social");
    }
    assert!(kiro.owner_of(&first).is_none(), "the oldest token goes first");
    for _ in 0..2 * MOST_CLIENTS {
        let (id, secret, _) = kiro.register(Registered::default(), UNIX_EPOCH);
        assert!(kiro.check_client(&id, &secret, UNIX_EPOCH).is_ok());
        kiro.begin("client", &[KiroKind::Social], UNIX_EPOCH);
        kiro.visit(&[KiroKind::Social], "client", "http://localhost", "challenge", UNIX_EPOCH);
    }
    assert!(kiro.check_client("client-builder-id", "secret-builder-id", UNIX_EPOCH).is_ok());
    let ledger = kiro.ledger();
    assert!(ledger.clients.len() <= MOST_CLIENTS);
    assert_eq!(ledger.sittings.waiting(), (64, 64));
}
