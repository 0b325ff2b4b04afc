//! Tests over whole files. The modules beside this one:
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, unreachable_pub)]

mod cards;
#[cfg(feature = "cfitsio")]
mod cfitsio;
mod frames;
mod gzip;
mod hostile;
mod oracles;
mod raw;
mod roundtrip;
mod rows;
mod samples;
mod strange;
mod support;
