//! Runs the binary as a user does, on simulated nights in temporary folders.
// A test says what is wrong by failing.
#![allow(clippy::unwrap_used)]

mod compat;
mod config;
mod e2e;
mod harness;
mod inspect;
mod metrics;
mod openapi;
mod pages;
mod services;
mod simulate;
mod stack;
mod storage;
mod store;
mod support;
mod uploads;
mod worker;
