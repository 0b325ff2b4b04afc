//! What the benchmarks share: one simulated night, the servers and transactions they compare with.

pub mod bare_queue;
pub mod servers;

use crowdsky_core::FrameMeta;
use crowdsky_fits::{Limits, frame_meta, read_raw_u16};
use crowdsky_sim::{Night, NightOptions};
use crowdsky_stack::{Detection, MemoryFrames, Mosaic, SkyMesh, detect};

/// Frames of the night: the tile-wise robust mean has work to do, and rendering them takes seconds, not minutes.
pub const FRAMES: usize = 12;
/// Columns of a frame of the Seestar S50.
pub const WIDTH: usize = 1080;
/// Rows of it.
pub const HEIGHT: usize = 1920;

/// The night: 12 frames of 2.5 degrees field rotation, with clouds, trails, hot pixels and cosmic rays.
#[must_use]
pub fn night() -> Night {
    Night::new(NightOptions::default().frames(FRAMES)).expect("the usual night can be simulated")
}

/// Frame `k` of `night` as the file the telescope would have saved.
#[must_use]
pub fn fits_file(night: &Night, k: usize) -> Vec<u8> {
    night.fits_bytes(k).expect("the night has this frame")
}

/// What frame `k` says of itself, and its photosites.
#[must_use]
pub fn frame(night: &Night, k: usize) -> (FrameMeta, Mosaic) {
    let raw =
        read_raw_u16(&fits_file(night, k)[..], &Limits::default()).expect("simulated files can be read");
    let pattern = night.truth().options.bayer_pattern();
    let (meta, _) = frame_meta(&raw.header);
    (meta, Mosaic::new(raw.width, raw.height, pattern, raw.pixels).expect("a whole frame"))
}

/// The stars of frame `k`.
#[must_use]
pub fn stars(night: &Night, k: usize) -> Detection {
    let (_, mosaic) = frame(night, k);
    detect(&mosaic, &SkyMesh::measure(&mosaic))
}

/// All frames, in memory.
#[must_use]
pub fn frames(night: &Night) -> MemoryFrames {
    let mut frames = MemoryFrames::default();
    for k in 0..night.frame_count() {
        let (meta, mosaic) = frame(night, k);
        frames.push(night.truth().frames[k].file_name.clone(), meta, mosaic);
    }
    frames
}
