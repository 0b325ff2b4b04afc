//! Runs the binary as a user does, on simulated nights in temporary folders.
// A test says what is wrong by failing.
#![allow(clippy::unwrap_used)]

mod compat;
mod e2e;
mod harness;
mod inspect;
mod pages;
mod simulate;
mod stack;
mod storage;
mod store;
mod support;
mod worker;
