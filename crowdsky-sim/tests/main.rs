//! The simulator against its own truth.
#![allow(missing_docs, clippy::unwrap_used)]

mod determinism;
mod files;
mod options;
mod truth;
