//! The window's pages, as `build.rs` found them in `ui/dist`.

use gateway::Asset;

/// Empty when the binary was built without them.
pub(crate) static PAGES: &[Asset] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));
