#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
//!
//! # The rooms
//!
//! The command line is all there is so far; the binary calls [`cli::main`], the whole of it.
//!
//! | File in `cli/` | What it knows |
//! |---|---|
//! | `mod.rs` | the roles, and how a role's end becomes an exit status |
//! | `stack.rs`, `chunks.rs` | role `stack`: one stack, or one for each chunk |
//! | `outputs.rs` | whether the outputs of `stack` may be written, asked before any work |
//! | `summary.rs` | what `stack` tells a person |
//! | `inspect/` | role `inspect`: `examine.rs` reads a file, `text.rs` and `json.rs` tell |
//! | `simulate.rs` | role `simulate` |
//! | `exit.rs` | exit statuses, and every failure as one line |
//! | `terminal.rs`, `progress.rs` | all that is printed, the bars |
//! | `size.rs` | `2G` as a number of bytes, and back |

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
