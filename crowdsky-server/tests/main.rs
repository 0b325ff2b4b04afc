//! Runs the binary as a user does, on simulated nights in temporary folders.
// A test says what is wrong by failing.
#![allow(clippy::unwrap_used)]

mod embedded;
mod harness;
mod inspect;
mod simulate;
mod stack;

// What needs the service.
#[cfg(feature = "service")]
mod compat;
#[cfg(feature = "service")]
mod config;
#[cfg(feature = "service")]
mod e2e;
#[cfg(feature = "service")]
mod metrics;
#[cfg(feature = "service")]
mod openapi;
#[cfg(feature = "service")]
mod pages;
#[cfg(feature = "service")]
mod services;
#[cfg(feature = "service")]
mod storage;
#[cfg(feature = "service")]
mod store;
#[cfg(feature = "service")]
mod support;
#[cfg(feature = "service")]
mod uploads;
#[cfg(feature = "service")]
mod worker;
