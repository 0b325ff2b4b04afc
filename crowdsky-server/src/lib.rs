#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
//!
//! # The rooms
//!
//! Imports run downwards; each room knows those below it.
//!
//! | Room | What it knows |
//! |---|---|
//! | [`cli`] | the roles of the binary: options in, exit status out |
//! | [`http`], [`worker`] | who asks: browsers and programs; machines that stack. They meet in `cli/serve.rs`; [`app`] puts the rooms below them together |
//! | [`jobs`] | what a worker does, through the trait [`jobs::WorkSource`] |
//! | [`services`] | what CrowdSky does: no words of HTTP, no SQL |
//! | [`store`], [`storage`] | rows; bytes |
//! | [`config`], [`objects`], [`secret`], [`tls`], [`telemetry`] | settings, names of objects, tokens, TLS, figures |

pub mod app;
pub mod cli;
pub mod config;
mod folder;
pub mod http;
pub mod jobs;
pub mod objects;
pub mod secret;
pub mod services;
pub mod storage;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod worker;
