//! Which frames will be stacked together, as the server will say it.

use crowdsky_core::{FrameMeta, group_into_chunks};
use serde::Serialize;

/// Chunks, in order of time, and frames that belong to none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grouped {
    /// Frames to be stacked together.
    pub chunks: Vec<Chunk>,
    /// The others.
    pub left_out: Vec<LeftOut>,
}

/// Frames to be stacked together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chunk {
    /// Of the first frame.
    pub chunk_key: String,
    /// Of the first frame, where it has a pointing.
    pub healpix_key: Option<String>,
    /// Target, as the headers have it.
    pub object: Option<String>,
    /// Filter.
    pub filter: Option<String>,
    /// Telescope.
    pub telescope: Option<String>,
    /// Exposure of one frame, s.
    pub exptime_s: Option<f64>,
    /// Of all of them, s.
    pub total_exptime_s: f64,
    /// Their places in the list given, in order of time.
    pub members: Vec<usize>,
}

/// A frame of no chunk.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftOut {
    /// Its place in the list given.
    pub index: usize,
    /// Why, in words.
    pub reason: String,
}

/// Sorts frames into chunks.
#[must_use]
pub fn group(frames: &[FrameMeta]) -> Grouped {
    let grouping = group_into_chunks(frames);
    let chunk = |chunk: crowdsky_core::Chunk| {
        let first = &frames[chunk.members[0]];
        Chunk {
            chunk_key: chunk.position_key.to_string(),
            healpix_key: chunk.healpix_key.map(|key| key.to_string()),
            object: first.object.clone(),
            filter: first.filter.as_ref().map(ToString::to_string),
            telescope: first.telescope.clone(),
            exptime_s: first.exptime,
            // Not `sum`, whose zero is -0.
            total_exptime_s: chunk
                .members
                .iter()
                .filter_map(|&i| frames[i].exptime)
                .fold(0.0, |all, one| all + one),
            members: chunk.members,
        }
    };
    let left_out =
        grouping.left_out.iter().map(|out| LeftOut { index: out.index, reason: out.reason.to_string() });
    Grouped { left_out: left_out.collect(), chunks: grouping.chunks.into_iter().map(chunk).collect() }
}
