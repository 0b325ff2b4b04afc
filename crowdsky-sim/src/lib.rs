#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
//!
//! # The walk of a simulated night
//!
//! 1. [`NightOptions`] (`options.rs`) says what night it is; [`Sensor`] (`sensor.rs`) which telescope.
//! 2. `sky.rs` draws the catalogue: positions, brightness, colours.
//! 3. [`Night::new`] (`night.rs`) decides what happens to every exposure - rotation, drift, clouds, trails -
//!    and writes it down as [`NightTruth`] (`truth.rs`).
//! 4. [`Night::frame`] renders one exposure: stars (`psf.rs`) on a sky, then light into counts (`mosaic.rs`).
//! 5. [`Night::fits_bytes`] (`fits.rs`, the only file that knows FITS) makes the file the telescope would have saved,
//!    and [`Night::write`] (`files.rs`) fills a folder.

mod error;
mod files;
mod fits;
mod mosaic;
mod night;
mod options;
mod psf;
mod sensor;
mod sky;
mod truth;

pub use crowdsky_core::BayerPattern;
pub use error::Error;
pub use files::{Summary, TRUTH_FILE};
pub use night::{Night, SimFrame};
pub use options::NightOptions;
pub use psf::Psf;
pub use sensor::Sensor;
pub use truth::{CosmicRay, FrameTruth, HotPixel, NightTruth, Star, Trail};
