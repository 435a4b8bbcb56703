//! Composition: starts the whole application.
