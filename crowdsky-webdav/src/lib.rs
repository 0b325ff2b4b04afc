//! A WebDAV client that publishes files atomically and retries what deserves it.
//!
//! [`Client`] speaks to one base address ([`Config`]); every object has a [`RemotePath`] below it. [`Client::publish_bytes`]
//! and its sisters write to a part beside the final name, check its size and move it: nobody ever sees half a file.

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
