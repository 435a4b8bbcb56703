//! The seam to a desktop: a host passes its own [`Shell`] to [`crate::App::start`]; without one there is [`Headless`].

pub use gateway::{Capabilities, Headless, Notice, Shell};
