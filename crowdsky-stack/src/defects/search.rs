//! Looks for photosites that are off, in sensor coordinates: stars move over the sensor and defects do not.

use super::Defects;
use super::bright::{self, Counts};
use super::faint::{self, Means, Scale};
use crate::background::SkyMesh;
use crate::mosaic::Mosaic;
use crate::parallel;
use crate::report::Calibration;
use crate::transform::Transform;
use crowdsky_core::Band;
use std::ops::Range;

/// Frames looked at, at most, spread over the run.
const FRAMES: usize = 32;
/// At least so many of these are looked at on their own too: eight see a 6-sigma glow in 70 % of them whatever two of them say.
const SINGLES: usize = 8;
/// Where the sky moved less than this over the run (px), a star stays on its photosite and could be taken for a defect.
const MIN_MOTION: f64 = 1.5;
/// Rows worked on at once, with one interpolation of the sky: a quarter of a cell of its mesh.
const ROWS: usize = 16;

/// One frame's part in the search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DefectFrame<'a> {
    pub(crate) mosaic: &'a Mosaic,
    pub(crate) sky: &'a SkyMesh,
}

/// A search in some frames of one sensor, which are added one after another.
pub(crate) struct Search {
    size: (usize, usize),
    /// Frames that will be added, and how many have been.
    frames: usize,
    added: usize,
    counts: Counts,
    means: Option<Means>,
}

impl Search {
    /// For `frames` frames of `size` columns and rows.
    pub(crate) fn new(size: (usize, usize), frames: usize) -> Search {
        let means = (frames >= faint::MIN_FRAMES).then(|| Means::new(size, frames));
        Search { size, frames, added: 0, counts: Counts::new(size), means }
    }

    /// Which of `n` frames to look at.
    pub(crate) fn choice(n: usize) -> Vec<usize> {
        let m = n.min(FRAMES);
        (0..m).map(|i| i * (n - 1) / (m - 1).max(1)).collect()
    }

    /// What `n` frames can show, for the report.
    pub(crate) fn reach(n: usize) -> Calibration {
        let frames = n.min(FRAMES);
        let (faintest_sigma, limit) = match frames {
            // The pipeline asks for two at least.
            0 | 1 => (None, Some("one frame cannot tell a hot pixel from a cosmic ray".to_owned())),
            n if n < faint::MIN_FRAMES => {
                let text = format!(
                    "faint ones take {} frames of one telescope, and there are {n}",
                    faint::MIN_FRAMES
                );
                (Some(f64::from(bright::THRESHOLD)), Some(text))
            }
            n => (Some(f64::from(faint::THRESHOLD) / (n as f64).sqrt()), None),
        };
        Calibration { frames, faintest_sigma, limit }
    }

    /// Whether frame `k` of those that are added is looked at on its own.
    fn single(&self, k: usize) -> bool {
        k.is_multiple_of((self.frames / SINGLES).max(1))
    }

    /// Adds the next of the frames.
    pub(crate) fn add(&mut self, frames: &[DefectFrame<'_>]) {
        let numbered: Vec<(bool, &DefectFrame<'_>)> =
            frames.iter().enumerate().map(|(k, frame)| (self.single(self.added + k), frame)).collect();
        self.added += frames.len();
        let counts = self.counts.bands(ROWS);
        let means = self.means.as_mut().map(|means| means.bands(ROWS));
        let mut means = means.into_iter().flatten();
        let bands =
            counts.into_iter().enumerate().map(|(k, counts)| (k * ROWS, counts, means.next())).collect();
        parallel::map_owned(bands, Default::default, |scratch, (first, counts, mut means)| {
            let (levels, scale): &mut (Levels, Scale) = scratch;
            for (single, frame) in &numbered {
                levels.measure(frame, first);
                if *single {
                    bright::count(frame, levels, first, counts);
                }
                if let Some(means) = &mut means {
                    scale.spread(frame, levels, first);
                    means.add(frame.mosaic, scale, first);
                }
            }
        });
    }

    /// The defects, when all frames have been added; `transforms` are theirs.
    pub(crate) fn finish(self, transforms: &[Transform]) -> Defects {
        // One frame cannot tell a defect from a cosmic ray.
        if self.frames < 2 {
            return Defects::none();
        }
        let (width, height) = self.size;
        let singles = (0..self.frames).filter(|&k| self.single(k)).count();
        let rows = parallel::map(height, |y| {
            let is = |x: usize| {
                let moves = || moves(transforms, x, y);
                self.counts.tell(x, y, singles, moves)
                    || self.means.as_ref().is_some_and(|m| m.tell(x, y, moves))
            };
            (0..width).filter(|&x| is(x)).collect::<Vec<usize>>()
        });
        let sites = (0..).zip(rows).flat_map(|(y, xs)| xs.into_iter().map(move |x| (y * width + x) as u32));
        Defects::new(width, height, sites.collect())
    }
}

/// The sky of [`ROWS`] rows of a frame: it is smooth over 16 px, and its level there serves them all.
#[derive(Default)]
pub(super) struct Levels {
    /// By block of columns, by band, ADU.
    levels: Vec<[f32; 3]>,
}

impl Levels {
    /// Columns of a block.
    const COLUMNS: usize = 16;

    /// Of the rows from `first` on.
    fn measure(&mut self, frame: &DefectFrame<'_>, first: usize) {
        let middle = (first + ROWS.min(frame.mosaic.height() - first) / 2) as f64;
        let blocks = (0..frame.mosaic.width()).step_by(Self::COLUMNS);
        let level = |left: usize| Band::ALL.map(|b| frame.sky.level(b, left as f64 + 8.0, middle));
        self.levels.clear();
        self.levels.extend(blocks.map(level));
    }

    /// The blocks of a frame of `width` columns: their columns, their level by band.
    pub(super) fn blocks(&self, width: usize) -> impl Iterator<Item = (Range<usize>, &[f32; 3])> {
        let columns = (0..width).step_by(Self::COLUMNS).map(move |x| x..(x + Self::COLUMNS).min(width));
        columns.zip(&self.levels)
    }
}

/// Whether the sky moved over photosite (`x`, `y`).
fn moves(transforms: &[Transform], x: usize, y: usize) -> bool {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for transform in transforms {
        let place = <[f64; 2]>::from(transform.apply(x as f64, y as f64));
        for axis in 0..2 {
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    (0..2).any(|axis| high[axis] - low[axis] >= MIN_MOTION)
}

#[cfg(test)]
mod tests;
