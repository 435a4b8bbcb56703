//! Absences, tested: which crate may see which, and what may not enter the tree at all.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Edges between our own crates that are allowed; everything else is forbidden.
const ALLOWED: &[(&str, &[&str])] = &[
    ("llm", &[]),
    ("wire", &["llm"]),
    ("providers", &["llm", "wire"]),
    ("secrets", &["llm"]),
    ("store", &["llm"]),
    ("clients", &["llm"]),
    ("accounts", &["llm", "secrets", "store", "providers"]),
    ("gateway", &["llm", "wire", "providers", "secrets", "clients", "store", "accounts"]),
    ("emulator", &["llm", "wire"]),
    (
        "switchboard",
        &["llm", "wire", "providers", "secrets", "clients", "store", "accounts", "gateway", "emulator"],
    ),
    ("switchboard-desktop", &["gateway", "switchboard"]),
    ("bench", &[]),
    ("survive", &["emulator"]),
    ("xtask", &[]),
];

/// What a crate must not reach, even through others.
const BLIND: &[(&str, &[&str])] = &[
    ("llm", &["tokio", "reqwest", "axum", "rusqlite", "hyper"]),
    ("wire", &["tokio", "reqwest", "axum", "rusqlite", "hyper"]),
    ("providers", &["axum", "rusqlite"]),
    ("secrets", &["rusqlite", "axum", "reqwest", "hyper"]),
    ("store", &["axum", "reqwest", "hyper", "chacha20poly1305", "keyring-core"]),
    ("clients", &["tokio", "axum", "reqwest", "hyper", "rusqlite"]),
    ("accounts", &["axum"]),
    ("gateway", &["tauri"]),
    ("switchboard", &["tauri"]),
    ("emulator", &["reqwest", "rusqlite", "axum"]),
];

/// One TLS stack, and no C toolchains beyond a compiler.
const BANNED: &[&str] = &["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys"];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .exec()
        .expect("cargo metadata")
}

/// Normal and build dependencies of every package.
fn edges(metadata: &Metadata) -> BTreeMap<&PackageId, Vec<&PackageId>> {
    let resolve = metadata.resolve.as_ref().expect("resolved");
    let real = |kinds: &[cargo_metadata::DepKindInfo]| {
        kinds.iter().any(|kind| kind.kind != DependencyKind::Development)
    };
    resolve
        .nodes
        .iter()
        .map(|node| {
            let deps = node.deps.iter().filter(|dep| real(&dep.dep_kinds)).map(|dep| &dep.pkg).collect();
            (&node.id, deps)
        })
        .collect()
}

#[test]
fn every_crate_sees_only_what_it_may() {
    let metadata = metadata();
    let ours: BTreeSet<&str> =
        metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    for package in metadata.workspace_packages() {
        let may = allowed.get(package.name.as_str());
        let may = may.unwrap_or_else(|| panic!("{} is new: say in ALLOWED what it may see", package.name));
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            if dependency.kind != DependencyKind::Development && ours.contains(name) {
                assert!(may.contains(&name), "{} must not see {name}", package.name);
            }
        }
    }
}

#[test]
fn no_crate_reaches_what_it_is_blind_to() {
    let metadata = metadata();
    let edges = edges(&metadata);
    for (name, blind) in BLIND {
        let start = metadata.packages.iter().find(|package| package.name.as_str() == *name).expect(name);
        let mut seen = BTreeSet::new();
        let mut open = vec![&start.id];
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(edges.get(id).into_iter().flatten());
            }
        }
        for id in seen {
            let reached = metadata[id].name.as_str();
            assert!(!blind.contains(&reached), "{name} reaches {reached}");
        }
    }
}

#[test]
fn banned_crates_stay_out() {
    let metadata = metadata();
    let edges = edges(&metadata);
    let reached: BTreeSet<&str> = edges.values().flatten().map(|id| metadata[*id].name.as_str()).collect();
    for banned in BANNED {
        assert!(!reached.contains(banned), "{banned} entered the dependency tree");
    }
}

#[test]
fn versions_live_in_the_workspace_manifest_alone() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let text = std::fs::read_to_string(&package.manifest_path).expect("manifest");
        let own = if package.manifest_path.parent().is_some_and(|dir| dir == root) {
            text.split("\n[dependencies]").nth(1).expect("dependencies")
        } else {
            text.split("\n[dependencies]").nth(1).unwrap_or_default()
        };
        let is_entry = |line: &&str| line.contains('=') && !line.starts_with(['#', '[']);
        for line in own.lines().map(str::trim_start).filter(is_entry) {
            let versioned = line.contains("version =")
                || line.split('=').nth(1).is_some_and(|v| v.trim_start().starts_with('"'));
            assert!(!versioned, "{}: {line}", package.name);
        }
    }
}
