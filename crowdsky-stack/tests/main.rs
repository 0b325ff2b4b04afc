//! The pipeline against simulated nights whose truth is known.

mod determinism;
mod fates;
mod files;
mod lsq;
mod real_frames;
mod stopping;
mod support;
mod targets;
mod truth;
