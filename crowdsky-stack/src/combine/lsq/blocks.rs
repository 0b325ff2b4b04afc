//! Trails too faint for a single sample: blocks of a frame that are brighter than its other blocks.

use super::view::{GROUP, View};
use crate::simd::LANES;

/// Rows of a block; its columns are a group.
const ROWS: usize = 8;
/// A block goes if its mean is this many of its own sigma above the median block of the tile, ...
const DROP: f32 = 5.0;
/// ... and its neighbours from here on.
const DROP_NEIGHBOUR: f32 = 2.5;
/// Blocks with fewer samples tell nothing.
const MIN_SAMPLES: u32 = 8;
/// With fewer blocks there is no median to compare with; 0 is taken.
const MIN_BLOCKS: usize = 12;

/// What becomes of a block's samples in the second sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fate {
    /// The usual threshold.
    #[default]
    Usual,
    /// Next to a dropped block: a lower threshold.
    Strict,
    Drop,
}

/// Blocks of one frame under a tile.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    column0: usize,
    row0: usize,
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Sums of clipped residuals, eight side by side, and numbers of samples.
    pub(super) sums: Vec<[f32; LANES]>,
    pub(super) counts: Vec<u32>,
    fates: Vec<Fate>,
    deviations: Vec<f32>,
    means: Vec<f32>,
}

impl Blocks {
    /// Empty blocks for `view`.
    pub(super) fn begin(&mut self, view: &View<'_>) {
        self.column0 = view.columns.start / GROUP;
        self.row0 = view.rows.start / ROWS;
        self.columns = view.columns.end / GROUP + 1 - self.column0;
        self.rows = view.rows.end / ROWS + 1 - self.row0;
        let n = self.columns * self.rows;
        self.sums.clear();
        self.sums.resize(n, [0.0; LANES]);
        self.counts.clear();
        self.counts.resize(n, 0);
        self.fates.clear();
        self.fates.resize(n, Fate::Usual);
    }

    /// What becomes of the group that begins at column `u` of row `v`.
    #[inline(always)]
    pub(super) fn fate(&self, u: usize, v: usize) -> Fate {
        self.fates[self.at(u, v)]
    }

    /// The block of the group that begins at column `u` of row `v`.
    #[inline(always)]
    pub(super) fn at(&self, u: usize, v: usize) -> usize {
        // Clamped: a group may begin left of the first column that was announced.
        let column = (u / GROUP).saturating_sub(self.column0).min(self.columns - 1);
        (v / ROWS - self.row0).min(self.rows - 1) * self.columns + column
    }

    /// Judges the blocks; `sigma` is the noise of one sample.
    pub(super) fn judge(&mut self, sigma: f32) {
        let fates = &mut self.fates;
        self.means.clear();
        self.deviations.clear();
        for (sum, &n) in self.sums.iter().zip(&self.counts) {
            let mean = if n >= MIN_SAMPLES { sum.iter().sum::<f32>() / n as f32 } else { f32::NAN };
            self.deviations.push(mean);
            if n >= MIN_SAMPLES {
                self.means.push(mean);
            }
        }
        // A frame's residual gradient lifts all its blocks alike: a sky that turns over, at a meridian flip, would else cost
        // 8 % of all samples.
        let middle = if self.means.len() >= MIN_BLOCKS {
            let half = self.means.len() / 2;
            *self.means.select_nth_unstable_by(half, f32::total_cmp).1
        } else {
            0.0
        };
        for (d, &n) in self.deviations.iter_mut().zip(&self.counts) {
            *d = (*d - middle) / sigma * (n as f32).sqrt();
        }
        for row in 0..self.rows {
            for column in 0..self.columns {
                let at = row * self.columns + column;
                if self.deviations[at].is_nan() || self.deviations[at] <= DROP {
                    continue;
                }
                fates[at] = Fate::Drop;
                for y in row.saturating_sub(1)..(row + 2).min(self.rows) {
                    for x in column.saturating_sub(1)..(column + 2).min(self.columns) {
                        let near = y * self.columns + x;
                        if self.deviations[near] > DROP_NEIGHBOUR {
                            fates[near] = Fate::Drop;
                        } else if fates[near] == Fate::Usual {
                            fates[near] = Fate::Strict;
                        }
                    }
                }
            }
        }
    }
}
