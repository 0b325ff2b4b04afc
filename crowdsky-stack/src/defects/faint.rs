//! Warm and cool photosites: they stand out alone in the mean of many frames.
//!
//! Of every photosite the mean over the run of its distance from the sky is taken, in units of its noise and with each frame's
//! part bounded. In 32 frames that shows what is off by little more than one sigma: nothing in one frame, but where the sky
//! stands still it is a false star of nine sigma in the stack of 60, and a faint line where it moves.

use super::search::{DefectFrame, Levels};
use crate::mosaic::Mosaic;
use crate::spikes::{MARGIN, second_around};

/// With fewer frames than this one that a star or a cosmic ray lifts weighs too much.
pub(super) const MIN_FRAMES: usize = 8;
/// A mean stands out this far, in sigma of the mean: of 2 million photosites of pure noise none does.
pub(super) const THRESHOLD: f32 = 6.5;
/// It is off to the same side in this share of the frames: a star does not stay on a photosite that long.
const SHARE: f64 = 0.75;
/// What a single frame can say at most, in sigma: a bright star that passes shall not hide the photosites beside its track.
const BOUND: f32 = 8.0;

/// The sums of all photosites.
pub(super) struct Means {
    size: (usize, usize),
    frames: usize,
    /// Of distances from the sky, sigma.
    sums: Vec<f32>,
    /// Frames in which it is above less frames in which it is below.
    signs: Vec<i8>,
}

/// Some rows of [`Means`].
pub(super) struct Rows<'a> {
    width: usize,
    sums: &'a mut [f32],
    signs: &'a mut [i8],
}

impl Means {
    /// For `frames` frames, 127 at most.
    pub(super) fn new(size: (usize, usize), frames: usize) -> Means {
        let area = size.0 * size.1;
        Means { size, frames, sums: vec![0.0; area], signs: vec![0; area] }
    }

    /// The sums of `rows` rows each.
    pub(super) fn bands(&mut self, rows: usize) -> impl Iterator<Item = Rows<'_>> {
        let width = self.size.0;
        let bands = self.sums.chunks_mut(rows * width).zip(self.signs.chunks_mut(rows * width));
        bands.map(move |(sums, signs)| Rows { width, sums, signs })
    }

    /// Whether photosite (`x`, `y`) is a defect.
    pub(super) fn tell(&self, x: usize, y: usize, moves: impl Fn() -> bool) -> bool {
        let n = self.frames as f64;
        let sigma = n.sqrt() as f32;
        let at = y * self.size.0 + x;
        let (height, up) = (self.sums[at].abs(), self.sums[at] > 0.0);
        // Above in a of n and below in n - a.
        let needed = (2.0 * SHARE - 1.0) * n;
        let sign = f64::from(self.signs[at]);
        if height <= THRESHOLD * sigma || (if up { sign } else { -sign }) < needed {
            return false;
        }
        let next = |step: usize| {
            second_around(self.size, (x, y), step, |u, v| {
                let sum = self.sums[v * self.size.0 + u];
                if up { sum } else { -sum }
            })
        };
        let nearest = next(1);
        let sharp = |factor: f32| height - factor * nearest > MARGIN * sigma;
        // The red star that passes over a red photosite has no light for the green ones, but for the next red one.
        let alone = || height - 2.0 * next(2) > MARGIN * sigma;
        // As in single frames: four times where a star may stay; nothing in the sky is dark and sharp.
        sharp(4.0) || (sharp(2.0) && (!up || (moves() && alone())))
    }
}

impl Rows<'_> {
    /// Adds one frame, from its row `first` on.
    pub(super) fn add(&mut self, mosaic: &Mosaic, scale: &Scale, first: usize) {
        let rows = self.sums.chunks_exact_mut(self.width).zip(self.signs.chunks_exact_mut(self.width));
        for (k, (sums, signs)) in rows.enumerate() {
            kernel::add(mosaic.row(first + k), &scale.sky[k % 2], &scale.inverse[k % 2], sums, signs);
        }
    }
}

/// The sky of some rows of a frame and one over its noise, photosite by photosite, for even and odd rows of them.
#[derive(Default)]
pub(super) struct Scale {
    sky: [Vec<f32>; 2],
    inverse: [Vec<f32>; 2],
}

impl Scale {
    /// From the sky of the rows from `first` on.
    pub(super) fn spread(&mut self, frame: &DefectFrame<'_>, levels: &Levels, first: usize) {
        let (width, pattern) = (frame.mosaic.width(), frame.mosaic.pattern());
        let inverse = frame.sky.noise().map(|noise| 1.0 / noise);
        for (parity, (sky, inverses)) in self.sky.iter_mut().zip(&mut self.inverse).enumerate() {
            let bands = [0, 1].map(|x| pattern.band(x, first + parity).index());
            sky.clear();
            for (columns, level) in levels.blocks(width) {
                sky.extend(columns.map(|x| level[bands[x % 2]]));
            }
            inverses.clear();
            inverses.extend((0..width).map(|x| inverse[bands[x % 2]]));
        }
    }
}

#[allow(unsafe_code)] // The macro's call of a function compiled for more, behind its run-time check.
mod kernel {
    use super::BOUND;

    /// Adds a row of one frame.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn add(row: &[u16], sky: &[f32], inverse: &[f32], sums: &mut [f32], signs: &mut [i8]) {
        let n = row.len();
        let (sky, inverse, sums, signs) = (&sky[..n], &inverse[..n], &mut sums[..n], &mut signs[..n]);
        for i in 0..n {
            let z = (f32::from(row[i]) - sky[i]) * inverse[i];
            let z = if z > BOUND { BOUND } else { z };
            let z = if z < -BOUND { -BOUND } else { z };
            sums[i] += z;
            signs[i] += i8::from(z > 0.0) - i8::from(z < 0.0);
        }
    }
}
