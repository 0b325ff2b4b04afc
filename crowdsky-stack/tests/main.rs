//! The pipeline against simulated nights whose truth is known.

mod append;
mod determinism;
mod fates;
mod files;
mod lsq;
mod preview;
mod real_frames;
mod stopping;
mod streaming;
mod support;
mod targets;
mod truth;
