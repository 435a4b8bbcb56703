//! Anthropic's search of the web, for upstreams whose model only knows tools that somebody else runs.
//!
//! The client defines a tool that it does not run and expects to see call and results in the answer. A model elsewhere gets an
//! [ordinary tool](Wish::tool) of the same name; whoever runs the search shows it to the client in [blocks](Shown) of
//! Anthropic's form, and what the client sends back later becomes [ordinary calls and results](unfold) again. This module holds
//! the words only: who searches, and how often, is a provider's business.

mod domains;
mod history;
mod page;
mod shown;
#[cfg(test)]
mod tests;
mod wish;

pub use history::{is_kept, unfold};
pub use page::Page;
pub use shown::{Failed, Shown};
pub use wish::Wish;
