//! Frames into chunks: which frames are stacked together.
//!
//! Frames belong together when they share telescope, filter, exposure, gain, size, object and time slot, and when
//! their pointings form a chain whose links are at most [`CHAIN_DEG`]. Rounded keys would not do: the M 94 sample run
//! drifts over an edge, from RA 193.0 to 193.1, and is one chunk all the same.

mod chain;

use core::cmp::Ordering;

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
    let mut dated: Vec<Dated<'_>> = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        match frame.date_obs {
            Some(time) => {
                dated.push(Dated { time, index, frame, facts: SharedFacts::of(frame, TimeSlot::of(time)) })
            }
            None => {
                let needed_for = "without it the frame has no time slot; write the start of the exposure (UTC) into its header";
                grouping
                    .left_out
                    .push(LeftOut { index, reason: Error::Missing { what: "DATE-OBS", needed_for } });
            }
        }
    }
    let order =
        sorted(dated.len(), &|i, j| dated[i].facts.cmp(&dated[j].facts).then(dated[i].order(&dated[j])));
    // Frames of one chunk, in order of time.
    let mut together: Vec<Vec<usize>> = Vec::new();
    for alike in order.chunk_by(|i, j| dated[*i].facts == dated[*j].facts) {
        let pointing = |i: &usize| dated[*i].frame.pointing.as_ref();
        let points: Vec<[f64; 3]> = alike.iter().filter_map(pointing).map(|p| p.unit_vector()).collect();
        let mut chains = chain::label(&points, CHAIN_DEG).into_iter();
        // Frames without a pointing are a chain of their own.
        let labels: Vec<Option<usize>> =
            alike.iter().map(|i| pointing(i).and_then(|_| chains.next())).collect();
        let by_chain = sorted(alike.len(), &|i, j| labels[i].cmp(&labels[j]));
        for members in by_chain.chunk_by(|i, j| labels[*i] == labels[*j]) {
            together.push(members.iter().map(|member| alike[*member]).collect());
        }
    }
    let by_time = sorted(together.len(), &|i, j| dated[together[i][0]].order(&dated[together[j][0]]));
    grouping.chunks = by_time.iter().map(|i| chunk_of(&dated, &together[*i])).collect();
    grouping
}

/// The numbers up to `n` in the order given; equal ones stay as they are. One function for all that is sorted here, and no maps: each
/// would be 1 to 5 kB of the browser's module.
fn sorted(n: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..n).collect();
    numbers.sort_by(|i, j| order(*i, *j));
    numbers
}

/// One chain, in order of time.
fn chunk_of(dated: &[Dated<'_>], members: &[usize]) -> Chunk {
    let first = &dated[members[0]];
    Chunk {
        slot: TimeSlot::of(first.time),
        position_key: ChunkKey::position(first.time, first.frame.pointing.as_ref()),
        healpix_key: first.frame.healpix_key(),
        members: members.iter().map(|i| dated[*i].index).collect(),
    }
}

/// A frame that has a time.
struct Dated<'a> {
    time: UtcTime,
    index: usize,
    frame: &'a FrameMeta,
    facts: SharedFacts<'a>,
}

impl Dated<'_> {
    fn order(&self, other: &Self) -> Ordering {
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
