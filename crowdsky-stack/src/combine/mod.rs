//! From registered frames to three planes; no aligned frame is ever stored.
//!
//! The output is made in bands of rows: for a band every frame needs only the rows that the band maps to ([`rows_needed`]), so
//! that frames need not be in memory as a whole. Tiles and frames are taken in a fixed order and nothing is summed across
//! threads, so the result is the same on any number of them, and however the output is cut into bands.

mod lsq;
mod resampled;
mod slab;

pub(crate) use lsq::COVARIANCE_RADII;

use crate::defects::Defects;
use crate::levels::SkyDifference;
use crate::options::Method;
use crate::progress::{Progress, Stage};
use crate::transform::Transform;
use crate::window::Window;
use slab::Slab;
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
    /// For the noise of the stars' own light; without it VARIANCE tells the sky's only.
    pub(crate) electrons_per_adu: Option<f64>,
}

impl Plan<'_> {
    /// Noise variance of a sample of weight 1, ADU² of the output: weights are inverse variances, so it is that of all.
    fn unit(&self, band: usize) -> f32 {
        let unit = |f: &Registered<'_>| {
            f64::from(f.weight[band]) * (f64::from(f.noise[band]) / f.transparency).powi(2)
        };
        (self.frames.iter().map(unit).sum::<f64>() / self.frames.len().max(1) as f64) as f32
    }
}

/// The finished planes.
#[derive(Debug)]
pub(crate) struct Combined {
    /// Red, green, blue, row by row; NaN where no frame has a sample.
    pub(crate) planes: [Vec<f32>; 3],
    /// Variance of each plane's noise, ADU²; NaN where the plane is; empty where the method does not tell.
    pub(crate) variance: [Vec<f32>; 3],
    /// Frames that cover each pixel.
    pub(crate) footprint: Vec<u16>,
    /// Of these, how many were rejected there; method `lsq`: samples, of which a frame has about one a pixel.
    pub(crate) rejected: Vec<u16>,
    /// By frame: pixels covered, and rejected.
    pub(crate) counts: Vec<(u64, u64)>,
    probes: [lsq::NoiseProbe; 3],
}

impl Combined {
    /// Planes of `size` (columns, rows) without any data yet.
    pub(crate) fn empty(plan: &Plan<'_>) -> Combined {
        let area = plan.size.0 * plan.size.1;
        let known = if plan.method == Method::Lsq { area } else { 0 };
        Combined {
            planes: std::array::from_fn(|_| vec![f32::NAN; area]),
            variance: std::array::from_fn(|_| vec![f32::NAN; known]),
            footprint: vec![0; area],
            rejected: vec![0; area],
            counts: vec![(0, 0); plan.frames.len()],
            probes: Default::default(),
        }
    }

    /// By how much the variance of a sum over a disc of radius 1, 2, ... px is above the sum of the pixels' variances, by band.
    pub(crate) fn covariance(&self) -> [[f64; COVARIANCE_RADII]; 3] {
        [0, 1, 2].map(|b| self.probes[b].covariance())
    }

    /// After the last band: makes variances of what the bands left in their place.
    pub(crate) fn settle(&mut self, plan: &Plan<'_>) {
        if plan.method == Method::Lsq {
            lsq::settle_variance(plan, &self.planes, &mut self.variance, &self.probes);
        }
    }

    /// Planes that were made elsewhere.
    #[cfg(any(test, feature = "stages"))]
    pub(crate) fn of_planes(planes: [Vec<f32>; 3], footprint: Vec<u16>) -> Combined {
        let rejected = vec![0; footprint.len()];
        Combined {
            planes,
            variance: Default::default(),
            footprint,
            rejected,
            counts: Vec::new(),
            probes: Default::default(),
        }
    }

    /// Fills rows `rows` from `windows`, one for each frame of `plan`, with at least the rows that [`rows_needed`] tells.
    /// Bands may come in any order, each once, and begin at multiples of [`BAND_ROWS`]. Once `watch` is to stop, the rest
    /// stays empty.
    pub(crate) fn fill(
        &mut self,
        plan: &Plan<'_>,
        windows: &[Window<'_>],
        rows: Range<usize>,
        watch: &Watch<'_>,
    ) {
        let part = rows.start * plan.size.0..rows.end * plan.size.0;
        let [red, green, blue] = &mut self.planes;
        let known = if self.variance[0].is_empty() { 0..0 } else { part.clone() };
        let [red_variance, green_variance, blue_variance] = &mut self.variance;
        let band = Slab {
            y: rows.start,
            planes: [&mut red[part.clone()], &mut green[part.clone()], &mut blue[part.clone()]],
            variance: [
                &mut red_variance[known.clone()],
                &mut green_variance[known.clone()],
                &mut blue_variance[known],
            ],
            footprint: &mut self.footprint[part.clone()],
            rejected: &mut self.rejected[part],
        };
        let counts = match plan.method {
            Method::Lsq => lsq::combine(plan, windows, band, watch, &mut self.probes),
            _ => resampled::combine(plan, windows, band, watch),
        };
        for (all, part) in self.counts.iter_mut().zip(counts) {
            *all = (all.0 + part.0, all.1 + part.1);
        }
    }
}

/// Counts finished pixels, and asks whether there is to be more.
pub(crate) struct Watch<'a> {
    progress: &'a dyn Progress,
    done: AtomicUsize,
    size: (usize, usize),
}

impl<'a> Watch<'a> {
    /// For an output of `size` columns and rows.
    pub(crate) fn new(progress: &'a dyn Progress, size: (usize, usize)) -> Watch<'a> {
        Watch { progress, done: AtomicUsize::new(0), size }
    }

    pub(crate) fn stopped(&self) -> bool {
        self.progress.stopped()
    }

    fn done(&self, columns: usize, rows: usize) {
        let done = self.done.fetch_add(columns * rows, Ordering::Relaxed) + columns * rows;
        // Told in rows: they fit the eye.
        self.progress.update(Stage::Combine, done / self.size.0, self.size.1);
    }
}

/// Bands are whole multiples of this: the height of the tiles of `lsq`; those of the other methods divide it or are cut alike.
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

/// Combines frames that are in memory as a whole.
pub(crate) fn combine(plan: &Plan<'_>, windows: &[Window<'_>], progress: &dyn Progress) -> Combined {
    let mut combined = Combined::empty(plan);
    let watch = Watch::new(progress, plan.size);
    combined.fill(plan, windows, 0..plan.size.1, &watch);
    combined.settle(plan);
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
