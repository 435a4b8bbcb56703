//! `cargo xtask types`: TypeScript of what the admin API answers, for the window.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use clap::Args as ClapArgs;

use crate::shell::{cargo, root, step};

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Only say whether the committed files are what the code makes
    #[arg(long)]
    check: bool,
}

/// Writes the files into `ui/src/lib/api/types`, or compares them.
pub(crate) fn types(args: &Args) -> Result<()> {
    let fresh = tempfile::tempdir()?;
    step(
        "types",
        cargo()
            .args(["test", "--quiet", "--package", "gateway", "--lib", "--features", "types"])
            .args(["--", "--exact", "admin::types::types_become_typescript"])
            .env("TS_RS_EXPORT_DIR", fresh.path()),
    )?;
    let mut made = read(fresh.path())?;
    let mut index = String::from("// Made by `cargo xtask types`.\n");
    for name in made.keys() {
        let name = name.trim_end_matches(".ts");
        writeln!(index, "export type {{ {name} }} from './{name}';")?;
    }
    made.insert("index.ts".to_owned(), index);
    let folder = root().join("ui/src/lib/api/types");
    let kept = if folder.is_dir() { read(&folder)? } else { BTreeMap::new() };
    if args.check {
        let stale: Vec<_> = made.iter().filter(|(name, text)| kept.get(*name) != Some(*text)).collect();
        let gone: Vec<_> = kept.keys().filter(|name| !made.contains_key(*name)).collect();
        if !stale.is_empty() || !gone.is_empty() {
            let names: Vec<_> = stale.into_iter().map(|(name, _)| name).chain(gone).cloned().collect();
            bail!("these types are not what the code makes; run `cargo xtask types`: {}", names.join(", "));
        }
        return Ok(());
    }
    fs::create_dir_all(&folder)?;
    for name in kept.keys().filter(|name| !made.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    for (name, text) in &made {
        fs::write(folder.join(name), text)?;
    }
    eprintln!("    {} types in {}", made.len() - 1, folder.display());
    Ok(())
}

/// The TypeScript files of a folder, by name.
fn read(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_file() && name.ends_with(".ts") {
            files.insert(name.to_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}
