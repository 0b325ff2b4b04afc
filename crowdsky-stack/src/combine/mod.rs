//! From registered frames to three planes; no aligned frame is ever stored.
//!
//! The output is made of blocks: for a block every frame needs only the rectangle that the block maps to, so that frames need not
//! be in memory as a whole (`blocks.rs`, `streamed.rs`). Blocks are cut between tiles, tiles and frames are taken in a fixed
//! order and nothing is summed across threads: the result is the same on any number of them, and in blocks of any size.

pub(crate) mod blocks;
mod lsq;
mod resampled;
mod slab;
mod streamed;

pub(crate) use streamed::{Lost, combine_streamed};

pub(crate) use lsq::COVARIANCE_RADII;

use crate::defects::Defects;
use crate::levels::SkyDifference;
use crate::options::Method;
use crate::parallel;
use crate::progress::{Progress, Stage};
use crate::transform::Transform;
use crate::window::Window;
use blocks::Block;
use slab::Slab;
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

/// Everything that is the same for all blocks.
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
    tiles: Vec<lsq::TileProbe>,
    /// What the tiles tell together, once there are no more.
    probes: [lsq::NoiseProbe; 3],
}

impl Combined {
    /// Planes of `size` (columns, rows), the plan's or a block's, without any data yet.
    fn empty(plan: &Plan<'_>, size: (usize, usize)) -> Combined {
        let area = size.0 * size.1;
        let known = if plan.method == Method::Lsq { area } else { 0 };
        // New memory costs a page fault for every 4 KB: 25 ms for 50 MB, if one thread has them all.
        let three = |n: usize| std::array::from_fn(|_| vec![f32::NAN; n]);
        let (planes, variance) = parallel::both(|| three(area), || three(known));
        Combined {
            planes,
            variance,
            footprint: vec![0; area],
            rejected: vec![0; area],
            counts: vec![(0, 0); plan.frames.len()],
            tiles: Vec::new(),
            probes: Default::default(),
        }
    }

    /// By how much the variance of a sum over a disc of radius 1, 2, ... px is above the sum of the pixels' variances, by band.
    pub(crate) fn covariance(&self) -> [[f64; COVARIANCE_RADII]; 3] {
        [0, 1, 2].map(|b| self.probes[b].covariance())
    }

    /// After the last block: makes variances of what the blocks left in their place.
    fn settle(&mut self, plan: &Plan<'_>) {
        self.probes = lsq::NoiseProbe::of_tiles(std::mem::take(&mut self.tiles));
        if plan.method == Method::Lsq {
            lsq::settle_variance(plan, &self.planes, &mut self.variance, &self.probes);
        }
    }

    /// `block` of the output, from `windows`, one for each frame of `plan`, with at least what [`Block::needs`] tells. Once
    /// `watch` is to stop, the rest stays empty.
    fn of_block(plan: &Plan<'_>, windows: &[Window<'_>], block: &Block, watch: &Watch<'_>) -> Combined {
        let width = block.columns.len();
        let mut combined = Combined::empty(plan, (width, block.rows.len()));
        let Combined { planes, variance, footprint, rejected, tiles, .. } = &mut combined;
        let slab = Slab {
            x: block.columns.start,
            y: block.rows.start,
            width,
            planes: planes.each_mut().map(|p| &mut p[..]),
            variance: variance.each_mut().map(|p| &mut p[..]),
            footprint,
            rejected,
        };
        combined.counts = match plan.method {
            Method::Lsq => lsq::combine(plan, windows, slab, watch, tiles),
            _ => resampled::combine(plan, windows, slab, watch),
        };
        combined
    }

    /// Takes over `part`, which is `block` of an output of `width` columns.
    fn paste(&mut self, width: usize, block: &Block, part: Combined) {
        fn copy<T: Copy>(from: &[T], block: &Block, to: &mut [T], width: usize) {
            let rows = block.rows.clone().zip(from.chunks_exact(block.columns.len()));
            for (y, row) in rows {
                to[y * width..][block.columns.clone()].copy_from_slice(row);
            }
        }
        let planes = self.planes.iter_mut().chain(&mut self.variance);
        for (to, from) in planes.zip(part.planes.iter().chain(&part.variance)) {
            copy(from, block, to, width);
        }
        copy(&part.footprint, block, &mut self.footprint, width);
        copy(&part.rejected, block, &mut self.rejected, width);
        for (sum, count) in self.counts.iter_mut().zip(part.counts) {
            *sum = (sum.0 + count.0, sum.1 + count.1);
        }
        self.tiles.extend(part.tiles);
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

/// Columns and rows of the tiles that a method works in; blocks have to be whole numbers of them.
pub(crate) fn tile(method: Method, frames: usize) -> (usize, usize) {
    match method {
        Method::Lsq => lsq::TILE_SIZE,
        _ => resampled::tile(frames),
    }
}

/// Combines frames that are in memory as a whole.
pub(crate) fn combine(plan: &Plan<'_>, windows: &[Window<'_>], progress: &dyn Progress) -> Combined {
    let all = Block::new(0..plan.size.0, 0..plan.size.1, tile(plan.method, plan.frames.len()));
    let mut combined = Combined::of_block(plan, windows, &all, &Watch::new(progress, plan.size));
    combined.settle(plan);
    combined
}

/// The sum of what the parts of a slab counted, by frame.
fn add_up(frames: usize, parts: Vec<Vec<(u64, u64)>>) -> Vec<(u64, u64)> {
    let mut counts = vec![(0u64, 0u64); frames];
    for part in parts {
        for (c, s) in counts.iter_mut().zip(part) {
            *c = (c.0 + s.0, c.1 + s.1);
        }
    }
    counts
}
