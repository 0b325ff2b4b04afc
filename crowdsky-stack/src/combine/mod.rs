//! From registered frames to three planes; no aligned frame is ever stored.
//!
//! The output is made in bands of rows: for a band every frame needs only the rows that the band maps to ([`rows_needed`]), so
//! that frames need not be in memory as a whole. Tiles and frames are taken in a fixed order and nothing is summed across
//! threads, so the result is the same on any number of them, and however the output is cut into bands.

mod resampled;

use crate::defects::Defects;
use crate::levels::SkyDifference;
use crate::options::Method;
use crate::progress::{Progress, Stage};
use crate::transform::Transform;
use crate::window::Window;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A registered frame, as the combination sees it.
#[derive(Debug, Clone)]
pub(crate) struct Registered<'a> {
    /// Output pixel to frame pixel.
    pub(crate) to_frame: Transform,
    pub(crate) difference: SkyDifference,
    pub(crate) transparency: f64,
    /// Noise of a photosite, raw ADU.
    pub(crate) noise: [f32; 3],
    pub(crate) weight: [f32; 3],
    /// Of the sensor the frame was taken with.
    pub(crate) defects: &'a Defects,
}

/// Everything that is the same for all bands.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// Columns and rows of the output.
    pub(crate) size: (usize, usize),
    pub(crate) frames: Vec<Registered<'a>>,
    pub(crate) method: Method,
    pub(crate) sigma: f32,
    /// Blank sky of the output, by band.
    pub(crate) sky: [f32; 3],
}

/// The finished planes.
#[derive(Debug)]
pub(crate) struct Combined {
    /// Red, green, blue, row by row; NaN where no frame has a sample.
    pub(crate) planes: [Vec<f32>; 3],
    /// Frames that cover each pixel.
    pub(crate) footprint: Vec<u16>,
    /// Of these, how many were rejected there.
    pub(crate) rejected: Vec<u16>,
    /// By frame: pixels covered, and rejected.
    pub(crate) counts: Vec<(u64, u64)>,
}

impl Combined {
    /// Planes of `size` (columns, rows) without any data yet.
    pub(crate) fn empty(size: (usize, usize), frames: usize) -> Combined {
        let area = size.0 * size.1;
        Combined {
            planes: std::array::from_fn(|_| vec![f32::NAN; area]),
            footprint: vec![0; area],
            rejected: vec![0; area],
            counts: vec![(0, 0); frames],
        }
    }

    /// Rows `rows` of an output of `width` columns.
    pub(crate) fn slab(&mut self, width: usize, rows: Range<usize>) -> Slab<'_> {
        let part = rows.start * width..rows.end * width;
        let [red, green, blue] = &mut self.planes;
        Slab {
            y: rows.start,
            planes: [&mut red[part.clone()], &mut green[part.clone()], &mut blue[part.clone()]],
            footprint: &mut self.footprint[part.clone()],
            rejected: &mut self.rejected[part],
        }
    }
}

/// Some rows of the output, to be filled.
pub(crate) struct Slab<'a> {
    /// The first row's number.
    pub(crate) y: usize,
    planes: [&'a mut [f32]; 3],
    footprint: &'a mut [u16],
    rejected: &'a mut [u16],
}

impl<'a> Slab<'a> {
    fn rows(&self, width: usize) -> usize {
        self.footprint.len() / width
    }

    /// The same rows in pieces of `height`, the last one of what is left.
    fn split(self, width: usize, height: usize) -> Vec<Slab<'a>> {
        let part = width * height;
        let [red, green, blue] = self.planes;
        let planes = red.chunks_mut(part).zip(green.chunks_mut(part)).zip(blue.chunks_mut(part));
        let counters = self.footprint.chunks_mut(part).zip(self.rejected.chunks_mut(part));
        planes
            .zip(counters)
            .enumerate()
            .map(|(i, (((r, g), b), (footprint, rejected)))| Slab {
                y: self.y + i * height,
                planes: [r, g, b],
                footprint,
                rejected,
            })
            .collect()
    }
}

/// Counts finished rows, and asks whether there is to be more.
pub(crate) struct Watch<'a> {
    progress: &'a dyn Progress,
    done: AtomicUsize,
    total: usize,
}

impl<'a> Watch<'a> {
    /// For an output of `rows` rows.
    pub(crate) fn new(progress: &'a dyn Progress, rows: usize) -> Watch<'a> {
        Watch { progress, done: AtomicUsize::new(0), total: rows }
    }

    pub(crate) fn stopped(&self) -> bool {
        self.progress.stopped()
    }

    fn done(&self, rows: usize) {
        let done = self.done.fetch_add(rows, Ordering::Relaxed) + rows;
        self.progress.update(Stage::Combine, done, self.total);
    }
}

/// Height of bands that costs least: a whole number of tiles of every method.
pub(crate) const BAND_ROWS: usize = 96;

/// Rows of a frame (`size` = columns, rows) that rows `rows` of an output of `width` columns can take samples from.
pub(crate) fn rows_needed(
    to_frame: &Transform,
    width: usize,
    rows: Range<usize>,
    size: (usize, usize),
) -> Range<usize> {
    /// What tiles look at beyond their own pixels: three rows of halo, two half-resolution nodes, a Bayer cell.
    const MARGIN: f64 = 10.0;
    let (top, bottom) = (rows.start as f64 - MARGIN, rows.end as f64 + MARGIN);
    let (left, right) = (-MARGIN, width as f64 + MARGIN);
    let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (x, y) in corners {
        let v = to_frame.apply(x, y).1;
        (low, high) = (low.min(v), high.max(v));
    }
    let last = size.1 as f64;
    (low.floor().clamp(0.0, last) as usize)..(high.ceil().clamp(0.0, last) as usize)
}

/// Fills `band` from `windows`, one for each frame of `plan`, with at least the rows that [`rows_needed`] tells; returns by
/// frame how many pixels it covers and how many were rejected. Once `watch` is to stop, the rest stays empty.
pub(crate) fn combine_band(
    plan: &Plan<'_>,
    windows: &[Window<'_>],
    band: Slab<'_>,
    watch: &Watch<'_>,
) -> Vec<(u64, u64)> {
    resampled::combine(plan, windows, band, watch)
}

/// Combines frames that are in memory as a whole.
pub(crate) fn combine(plan: &Plan<'_>, windows: &[Window<'_>], progress: &dyn Progress) -> Combined {
    let mut combined = Combined::empty(plan.size, plan.frames.len());
    let watch = Watch::new(progress, plan.size.1);
    let band = combined.slab(plan.size.0, 0..plan.size.1);
    combined.counts = combine_band(plan, windows, band, &watch);
    combined
}

/// The sum of what the parts of a band counted, by frame.
fn add_up(frames: usize, parts: Vec<Vec<(u64, u64)>>) -> Vec<(u64, u64)> {
    let mut counts = vec![(0u64, 0u64); frames];
    for part in parts {
        for (c, s) in counts.iter_mut().zip(part) {
            *c = (c.0 + s.0, c.1 + s.1);
        }
    }
    counts
}
