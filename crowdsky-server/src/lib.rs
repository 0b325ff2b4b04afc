#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// The table below names rooms that only the service has.
#![cfg_attr(not(feature = "service"), allow(rustdoc::broken_intra_doc_links))]
//!
//! # The rooms
//!
//! Imports run downwards; each room knows those below it.
//!
//! | Room | What it knows |
//! |---|---|
//! | [`cli`] | the roles of the binary: options in, exit status out |
//! | [`http`], [`worker`] | who asks: browsers and programs; machines that stack. They meet in `cli/service/serve.rs`; [`app`] puts the rooms below them together |
//! | [`jobs`] | what a worker does, through the trait [`jobs::WorkSource`] |
//! | [`services`] | what CrowdSky does: no words of HTTP, no SQL |
//! | [`store`], [`storage`] | rows; bytes |
//! | [`config`], [`objects`], [`secret`], [`tls`], [`telemetry`] | settings, names of objects, tokens, TLS, figures |
//!
//! Without the feature `service` there is only [`cli`], with the roles that work on frames.

#[cfg(feature = "service")]
pub mod app;
pub mod cli;
#[cfg(feature = "service")]
pub mod config;
#[cfg(feature = "service")]
mod folder;
#[cfg(feature = "service")]
pub mod http;
#[cfg(feature = "service")]
pub mod jobs;
#[cfg(feature = "service")]
pub mod objects;
#[cfg(feature = "service")]
pub mod secret;
#[cfg(feature = "service")]
pub mod services;
#[cfg(feature = "service")]
pub mod storage;
#[cfg(feature = "service")]
pub mod store;
#[cfg(feature = "service")]
pub mod telemetry;
#[cfg(feature = "service")]
pub mod tls;
#[cfg(feature = "service")]
pub mod worker;
