#![doc = include_str!("../README.md")]
//!
//! # The pipeline, in reading order
//! 1. [`source`](FrameSource) and `select`: headers first, the largest group of equal frames stays.
//! 2. `analyse`: pixels once into memory; [`SkyMesh`] measures the sky, [`detect`] the stars. `memory` says whether pixels stay.
//! 3. [`match_stars`] says which star is which, or that there is no match; `register` solves all frames together.
//! 4. `photometry`: transparency of each frame and its weight.
//! 5. [`Defects`]: hot and cold photosites.
//! 6. `levels`, `debayer`, `warp`: every frame on the reference's grid and level, one tile at a time.
//! 7. `reject` and `combine`: what does not belong, and the mean of the rest.
//! 8. `catalogue`: the stack's own stars ([`StackStar`]).
//! 9. [`files`], [`preview`] and [`thumbnail`]: FITS and PNG.
//!
//! [`stack`] is the recipe; read `pipeline.rs` from top to bottom.

mod aligned;
mod analyse;
mod background;
mod catalogue;
mod centroid;
mod combine;
mod debayer;
mod defects;
mod error;
pub mod files;
mod fingerprint;
mod grey;
mod levels;
mod linalg;
mod matching;
mod memory;
mod mosaic;
mod noise;
mod options;
mod parallel;
mod photometry;
mod pipeline;
pub mod preview;
mod progress;
mod register;
mod reject;
mod report;
mod rotation;
mod select;
mod share;
mod simd;
mod sort_network;
mod source;
mod spikes;
mod stack;
#[cfg(feature = "stages")]
#[doc(hidden)]
pub mod stages;
mod stars;
mod state;
mod statistics;
mod streaks;
pub mod thumbnail;
mod transform;
mod warp;
mod window;

pub use aligned::{Aligned, aligned};
pub use background::SkyMesh;
pub use catalogue::{STAR_COLUMNS, StackStar, StarColumn, StarValue, find_stars};
pub use crowdsky_core::{Band, BayerPattern};
pub use defects::Defects;
pub use error::Error;
pub use matching::{Match, match_stars};
pub use mosaic::Mosaic;
pub use noise::{NoiseModel, NoiseSource};
pub use options::{Method, Reference, SigmaError, StackOptions};
pub use pipeline::{Planes, append, append_linearly, stack};
pub use progress::{Progress, Stage};
pub use report::{Append, Calibration, Dropped, FrameReport, Reason, Seconds, StackReport};
pub use source::{FrameSource, MemoryFrames};
pub use stack::{Stack, StackNoise};
pub use stars::{Detection, MAX_STARS, Star, detect};
pub use state::{State, StateError};
pub use transform::{Model, Pair, Transform};
