//! `cargo xtask icons`: every size of the icons, from the drawings in `icons/`.

#[cfg(feature = "icons")]
mod draw;
#[cfg(feature = "icons")]
mod pack;

use anyhow::Result;

/// Draws them all. What draws is built for this command alone: everyone else's `cargo xtask` starts sooner without.
#[cfg(not(feature = "icons"))]
pub(crate) fn icons() -> Result<()> {
    use crate::shell::{cargo, step};

    step(
        "icons",
        cargo().args(["run", "--quiet", "--package", "xtask", "--features", "icons", "--", "icons"]),
    )
}

#[cfg(feature = "icons")]
pub(crate) fn icons() -> Result<()> {
    draw::all(&crate::shell::root().join("icons"))
}
