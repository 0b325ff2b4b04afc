//! The pipeline against simulated nights whose truth is known.

mod determinism;
mod fates;
mod files;
mod support;
mod truth;
