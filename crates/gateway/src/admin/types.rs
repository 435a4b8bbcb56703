//! TypeScript of what the API answers, for the window: `cargo xtask types`.

use std::path::Path;

use ts_rs::{Config, TS};

/// Exports every type that a route answers, with those within them, into the folder that `TS_RS_EXPORT_DIR` names.
#[test]
fn types_become_typescript() {
    let folder = tempfile::tempdir().unwrap();
    let (config, folder) = match std::env::var_os("TS_RS_EXPORT_DIR") {
        Some(named) => (Config::from_env(), named.into()),
        None => (Config::new().with_out_dir(folder.path()), folder.path().to_owned()),
    };
    // Our numbers are counts and milliseconds: they fit what JSON numbers carry in a browser.
    let config = config.with_large_int("number");
    macro_rules! export {
        ($($type:ty),* $(,)?) => { $(<$type>::export_all(&config).unwrap();)* };
    }
    export!(
        super::events::Event,
        super::found::List,
        super::found::Done,
        super::backups::Backups,
        super::backups::Made,
        super::backups::Restored,
        super::secrets::Secrets,
        super::secrets::RecoveryKey,
        super::secrets::StartedOver,
        super::session::Session,
        super::session::Invitation,
        super::password::Password,
        super::keys::LocalKey,
        super::keys::Rotated,
        super::keys::KeyView,
        super::keys::Made,
        super::shell::Autostart,
        super::ips::Blocked,
        super::meaning::Meaning,
        super::models::List,
        super::providers::Offer,
        super::transfer::ExportedFile,
        super::trial::Verdict,
        super::usage::Usage,
        super::replay::Replayed,
        super::replay::Command,
        super::conversations::Conversation,
        super::clients::Client,
        super::clients::OtherHome,
        super::clients::Connected,
        super::clients::Preview,
        super::clients::Put,
        super::diagnostics::Check,
        super::diagnostics::Bundle,
        super::Refusal,
        crate::CapturedWire,
        accounts::TakenIn,
        accounts::Preview,
        accounts::Removed,
        accounts::SignInView,
        store::ConversationPage,
        store::Page,
        store::Stats,
        store::Cleaned,
    );
    let event = std::fs::read_to_string(Path::new(&folder).join("Event.ts")).unwrap();
    assert!(event.contains("\"request\"") && event.contains("LogRow"), "{event}");
    assert!(!event.contains("bigint"), "{event}");
}
