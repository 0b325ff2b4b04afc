#![doc = include_str!("../README.md")]
//!
//! # The files
//!
//! | File | What it knows |
//! |---|---|
//! | `client.rs` | [`Client`]: one base address, and what can be asked of it |
//! | `transfer.rs`, `publish.rs` | bodies there and back; a part beside the name, its size checked, then moved |
//! | `retry.rs`, `error.rs` | which failures deserve another try; what each of them is |
//! | `multistatus.rs`, `path.rs` | the answer to PROPFIND; names below the base, and no others |

pub mod client;
pub mod config;
pub mod error;
mod folders;
mod listing;
pub mod multistatus;
pub mod path;
mod publish;
mod retry;
mod transfer;

pub use client::{Client, Meta, Overwrite};
pub use config::{Config, Credentials, Limits, Retry, Timeouts};
pub use error::{Error, Result};
pub use listing::Listing;
pub use multistatus::Entry;
pub use path::{InvalidPath, RemotePath};
pub use transfer::Download;
