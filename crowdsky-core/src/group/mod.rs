//! Frames into chunks: which frames are stacked together.
//!
//! Frames belong together when they share telescope, filter, exposure, gain, size, object and time slot, and when
//! their pointings form a chain whose links are at most [`CHAIN_DEG`]. Rounded keys would not do: the M 94 sample run
//! drifts over an edge, from RA 193.0 to 193.1, and is one chunk all the same.

mod chain;

use crate::{ChunkKey, Error, Filter, FrameMeta, TimeSlot, UtcTime};

/// Longest link of a chain of pointings, degrees. Dithering moves a Seestar by some 0.01 deg, its field is
/// 0.71 x 1.27 deg: frames linked so overlap, and neighbouring targets stay apart.
pub const CHAIN_DEG: f64 = 0.25;

/// Frames to be stacked together, and the labels of the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// When.
    pub slot: TimeSlot,
    /// Position key of the earliest frame.
    pub position_key: ChunkKey,
    /// HEALPix key of the earliest frame; `None` for frames without a pointing.
    pub healpix_key: Option<ChunkKey>,
    /// Indices into the frames given, in order of time.
    pub members: Vec<usize>,
}

/// A frame that belongs to no chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Index into the frames given.
    pub index: usize,
    /// Why.
    pub reason: Error,
}

/// The answer of [`group_into_chunks`]: every frame is in exactly one chunk or left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grouping {
    /// In order of their first frame's time.
    pub chunks: Vec<Chunk>,
    /// In the order given.
    pub left_out: Vec<LeftOut>,
}

/// Sorts frames into chunks; frames without DATE-OBS are left out. Takes n log n time for n frames.
///
/// The order of the answer depends on the frames alone, not on the order they are given in (only frames equal in time
/// *and* pointing keep that order).
///
/// ```
/// use crowdsky_core::{FrameMeta, SkyPos, UtcTime, group_into_chunks};
///
/// let at = |ra, date| -> crowdsky_core::Result<FrameMeta> {
///     let mut frame = FrameMeta::new(1080, 1920);
///     frame.date_obs = Some(UtcTime::parse_date_obs(date)?);
///     frame.pointing = Some(SkyPos::new(ra, 40.97)?);
///     Ok(frame)
/// };
/// // 193.0 and 193.1 when rounded, and one run.
/// let frames = [at(193.049, "2025-03-27T01:20:32")?, at(193.051, "2025-03-27T01:20:44")?];
/// let chunks = group_into_chunks(&frames).chunks;
/// assert_eq!(chunks.len(), 1);
/// assert_eq!(chunks[0].position_key.to_string(), "20250327.05_193.0_+41.0");
/// # Ok::<(), crowdsky_core::Error>(())
/// ```
pub fn group_into_chunks(frames: &[FrameMeta]) -> Grouping {
    let mut grouping = Grouping::default();
    let mut dated: Vec<(SharedFacts<'_>, Dated<'_>)> = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        match frame.date_obs {
            Some(time) => {
                let facts = SharedFacts::of(frame, TimeSlot::of(time));
                dated.push((facts, Dated { time, index, frame }));
            }
            None => {
                let needed_for = "without it the frame has no time slot; write the start of the exposure (UTC) into its header";
                grouping
                    .left_out
                    .push(LeftOut { index, reason: Error::Missing { what: "DATE-OBS", needed_for } });
            }
        }
    }
    // Sorted lists and no maps: in the browser each kind of map is 5 kB of code.
    dated.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut chunks: Vec<(Dated<'_>, Chunk)> = Vec::new();
    for alike in dated.chunk_by(|(a, _), (b, _)| a == b) {
        let points: Vec<[f64; 3]> =
            alike.iter().filter_map(|(_, m)| m.frame.pointing.as_ref()).map(|p| p.unit_vector()).collect();
        let mut chains = chain::label(&points, CHAIN_DEG).into_iter();
        // Frames without a pointing are a chain of their own.
        let mut chained: Vec<(Option<usize>, Dated<'_>)> =
            alike.iter().map(|(_, m)| (m.frame.pointing.and_then(|_| chains.next()), *m)).collect();
        chained.sort_by_key(|(label, _)| *label);
        for members in chained.chunk_by(|(a, _), (b, _)| a == b) {
            chunks.push(chunk_of(members.iter().map(|(_, member)| *member).collect()));
        }
    }
    chunks.sort_by(|(a, _), (b, _)| a.order(b));
    grouping.chunks = chunks.into_iter().map(|(_, chunk)| chunk).collect();
    grouping
}

/// One chain, with its earliest frame.
fn chunk_of(mut members: Vec<Dated<'_>>) -> (Dated<'_>, Chunk) {
    members.sort_by(Dated::order);
    let first = members[0];
    let chunk = Chunk {
        slot: TimeSlot::of(first.time),
        position_key: ChunkKey::position(first.time, first.frame.pointing.as_ref()),
        healpix_key: first.frame.healpix_key(),
        members: members.iter().map(|m| m.index).collect(),
    };
    (first, chunk)
}

/// A frame that has a time.
#[derive(Clone, Copy)]
struct Dated<'a> {
    time: UtcTime,
    index: usize,
    frame: &'a FrameMeta,
}

impl Dated<'_> {
    fn order(&self, other: &Self) -> core::cmp::Ordering {
        let place = |d: &Self| d.frame.pointing.map_or((f64::INFINITY, 0.0), |p| (p.ra(), p.dec()));
        let ((ra1, dec1), (ra2, dec2)) = (place(self), place(other));
        let by_place = ra1.total_cmp(&ra2).then(dec1.total_cmp(&dec2));
        self.time.cmp(&other.time).then(by_place).then(self.index.cmp(&other.index))
    }
}

/// What all frames of a chunk have in common, besides the pointing.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct SharedFacts<'a> {
    slot: TimeSlot,
    telescope: Option<&'a str>,
    object: Option<&'a str>,
    filter: Option<&'a Filter>,
    /// Milliseconds: 10. and 10.000001 are one exposure.
    exposure_ms: Option<i64>,
    /// Thousandths.
    gain: Option<i64>,
    size: (u32, u32),
}

impl<'a> SharedFacts<'a> {
    fn of(frame: &'a FrameMeta, slot: TimeSlot) -> SharedFacts<'a> {
        let thousandths = |x: f64| libm::round(x * 1000.0) as i64;
        SharedFacts {
            slot,
            telescope: frame.telescope.as_deref(),
            object: frame.object.as_deref(),
            filter: frame.filter.as_ref(),
            exposure_ms: frame.exptime.map(thousandths),
            gain: frame.gain.map(thousandths),
            size: (frame.width, frame.height),
        }
    }
}
