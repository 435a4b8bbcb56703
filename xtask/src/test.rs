//! `cargo xtask test`: everything that CI runs, in the order that fails soonest.

use anyhow::{Result, bail};
use clap::Args as ClapArgs;

use crate::shell::{cargo, have, need_c_compiler, root, step, target_dir};
use crate::{browser, clients, desktop, keychain, types, ui};

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Only the Rust tests: no lints, no window, no real clients
    #[arg(long)]
    fast: bool,
}

/// Runs all checks and tests in one target folder.
pub(crate) fn test(args: &Args) -> Result<()> {
    need_c_compiler()?;
    desktop::need_libraries()?;
    keychain::need_keychain()?;
    if !args.fast {
        step("format", cargo().args(["fmt", "--all", "--check"]))?;
        // The clients come over the network while the compiler works.
        let install = clients::Args::install();
        std::thread::scope(|scope| {
            let installing = scope.spawn(|| clients::clients(&install));
            step(
                "lints",
                cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
            )?;
            installing.join().unwrap_or_else(|_| bail!("installing the clients panicked"))
        })?;
        // Before the tests, which would build the product anew with other pages.
        ui::check()?;
        types::types(&types::Args { check: true })?;
    }
    step("tests", cargo().args(["test", "--workspace"]))?;
    if args.fast {
        return Ok(());
    }
    step(
        "fuzz targets build",
        cargo()
            .args(["check", "--quiet", "--manifest-path", "fuzz/Cargo.toml", "--target-dir"])
            .arg(target_dir().join("fuzz")),
    )?;
    if have("cargo-deny") {
        step(
            "licences and advisories",
            cargo().args(["deny", "--offline", "check", "bans", "licenses", "sources"]),
        )?;
    }
    browser::browser(&browser::Args::default())?;
    desktop::journeys(&desktop::Args::default())?;
    if root().join("tests/clients/run.py").exists() {
        clients::clients(&clients::Args::default())?;
    }
    Ok(())
}
