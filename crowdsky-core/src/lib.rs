#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// In reading order: when, where, which chunk, which colours, what a frame says, what it is called, what is made of it.
pub mod bayer;
pub mod chunk;
mod error;
pub mod filename;
pub mod frame;
pub mod group;
pub mod healpix;
pub mod legacy;
pub mod number;
#[cfg(feature = "serde")]
mod serde_text;
pub mod sky;
pub mod stack_meta;
pub mod time;

pub use bayer::{Band, BayerPattern};
pub use chunk::{ChunkKey, RoundedPointing, TimeSlot};
pub use error::{Error, Result};
pub use filename::{Exposure, Extension, FileName, FileStamp, FolderName, FrameName, Target};
pub use frame::{Filter, FrameMeta};
pub use group::{Chunk, Grouping, LeftOut, group_into_chunks};
pub use healpix::HealpixTile;
pub use sky::SkyPos;
pub use stack_meta::StackMeta;
pub use time::UtcTime;
