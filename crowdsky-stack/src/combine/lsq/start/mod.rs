//! A robust picture at half the resolution: the prior of the solution, and what the first sweep holds samples against.
//!
//! Every node takes the nearest photosite of each colour (the mean of two greens) from every frame. Of these values the lowest
//! and the highest are dropped, the rest give mean and variance; twice, what lies within three spreads is averaged.

mod sites;

use crate::combine::Plan;
use crate::parallel;
use crate::window::Window;
use sites::Sites;
use std::ops::Range;

/// A rectangle of the half-resolution picture, three planes.
pub(super) struct Start {
    pub(super) width: usize,
    /// Numbers of the first column and row.
    pub(super) first: (usize, usize),
    pub(super) planes: [Vec<f32>; 3],
}

/// Rows made at once: the values of 60 frames in two rows take 0.8 MB.
const ROWS: usize = 2;
/// Bytes of values that are worked on at once, at most: with more than 300 frames rows are cut into pieces.
const PIECE: usize = 4 << 20;
/// Values within this many spreads of the mean are averaged, ...
const CLIP: f32 = 3.0;
/// ... this often.
const ROUNDS: usize = 2;

/// Makes the part that nodes in `columns` and `rows` of the output (which may lie beyond it) are interpolated from.
pub(super) fn robust_start(
    plan: &Plan<'_>,
    windows: &[Window<'_>],
    columns: Range<i64>,
    rows: Range<i64>,
) -> Start {
    // Node i lies at output pixel 2 i + 1/2.
    let nodes = |range: Range<i64>, size: usize| {
        let clamp = |i: i64| i.clamp(0, size.div_ceil(2) as i64 - 1) as usize;
        clamp((range.start - 1).div_euclid(2))..clamp(range.end.div_euclid(2) + 1) + 1
    };
    let (columns, rows) = (nodes(columns, plan.size.0), nodes(rows, plan.size.1));
    let width = columns.len();
    let sites = parallel::map(plan.frames.len(), |k| {
        Sites::new(&plan.frames[k], windows[k], plan, [columns.clone(), rows.clone()])
    });
    let step = (PIECE / (plan.frames.len().max(1) * ROWS * 12)).clamp(16, width.max(16));
    let piece = |x: usize, y: usize| [x..(x + step).min(columns.end), y..(y + ROWS).min(rows.end)];
    let pieces: Vec<[Range<usize>; 2]> = rows
        .clone()
        .step_by(ROWS)
        .flat_map(|y| columns.clone().step_by(step).map(move |x| (x, y)))
        .map(|(x, y)| piece(x, y))
        .collect();
    let made = parallel::map_owned(pieces.clone(), Strip::default, |strip, [columns, rows]| {
        strip.run(plan, &sites, columns, rows);
        strip.mean.clone()
    });
    let mut planes: [Vec<f32>; 3] = std::array::from_fn(|_| vec![0.0; width * rows.len()]);
    for ([part, part_rows], mean) in pieces.into_iter().zip(made) {
        let lines = mean.chunks_exact(part.len());
        let places = (0..3).flat_map(|band| part_rows.clone().map(move |y| (band, y)));
        for ((band, y), line) in places.zip(lines) {
            let at = (y - rows.start) * width + part.start - columns.start;
            planes[band][at..at + part.len()].copy_from_slice(line);
        }
    }
    Start { width, first: (columns.start, rows.start), planes }
}

/// Working memory of some rows: frames x bands x nodes.
#[derive(Default)]
struct Strip {
    values: Vec<f32>,
    sums: [Vec<f32>; 5],
    variance: Vec<f32>,
    /// The result, relative to no sky any more: three planes.
    mean: Vec<f32>,
}

impl Strip {
    fn run(&mut self, plan: &Plan<'_>, sites: &[Sites<'_>], columns: Range<usize>, rows: Range<usize>) {
        let width = columns.len();
        let plane = rows.len() * width;
        let all = 3 * plane;
        self.values.resize(sites.len() * all, 0.0);
        for (values, sites) in self.values.chunks_exact_mut(all).zip(sites) {
            let (red, rest) = values.split_at_mut(plane);
            let (green, blue) = rest.split_at_mut(plane);
            for (j, y) in rows.clone().enumerate() {
                let row = j * width..(j + 1) * width;
                sites.fill(
                    y,
                    columns.clone(),
                    [&mut red[row.clone()], &mut green[row.clone()], &mut blue[row]],
                );
            }
        }
        for v in self.sums.iter_mut().chain([&mut self.variance, &mut self.mean]) {
            v.resize(all, 0.0);
        }
        let [sum, squares, low, high, count] = &mut self.sums;
        sum.fill(0.0);
        squares.fill(0.0);
        count.fill(0.0);
        low.fill(f32::INFINITY);
        high.fill(f32::NEG_INFINITY);
        for values in self.values.chunks_exact(all) {
            kernel::gather(values, sum, squares, low, high, count);
        }
        kernel::trimmed(sum, squares, low, high, count, &mut self.mean, &mut self.variance);
        for _ in 0..ROUNDS {
            sum.fill(0.0);
            squares.fill(0.0);
            for (values, frame) in self.values.chunks_exact(all).zip(&plan.frames) {
                for band in 0..3 {
                    let noise = (f64::from(frame.noise[band]) / frame.transparency).powi(2) as f32;
                    // The mean of two greens.
                    let noise = if band == 1 { 0.5 * noise } else { noise };
                    let part = band * plane..(band + 1) * plane;
                    kernel::clipped(
                        &values[part.clone()],
                        &self.mean[part.clone()],
                        &self.variance[part.clone()],
                        noise,
                        frame.weight[band],
                        &mut sum[part.clone()],
                        &mut squares[part],
                    );
                }
            }
            for ((mean, &s), &w) in self.mean.iter_mut().zip(&*sum).zip(&*squares) {
                if w > 0.0 {
                    *mean = s / w;
                }
            }
        }
        for (band, plane) in self.mean.chunks_exact_mut(plane).enumerate() {
            for v in plane {
                *v += plan.sky[band];
            }
        }
    }
}

#[allow(unsafe_code)] // The macro's call of a function compiled for more, behind its run-time check.
mod kernel {
    use super::CLIP;

    /// Adds one frame's values: sum, sum of squares, extremes, number.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn gather(
        values: &[f32],
        sum: &mut [f32],
        squares: &mut [f32],
        low: &mut [f32],
        high: &mut [f32],
        count: &mut [f32],
    ) {
        let n = values.len();
        let (sum, squares, count) = (&mut sum[..n], &mut squares[..n], &mut count[..n]);
        let (low, high) = (&mut low[..n], &mut high[..n]);
        for i in 0..n {
            let v = values[i];
            // Only NaN is not equal to itself.
            #[allow(clippy::eq_op)]
            let there = v == v;
            let z = if there { v } else { 0.0 };
            sum[i] += z;
            squares[i] += z * z;
            count[i] += if there { 1.0 } else { 0.0 };
            // A comparison with NaN is false.
            low[i] = if v < low[i] { v } else { low[i] };
            high[i] = if v > high[i] { v } else { high[i] };
        }
    }

    /// Mean and variance without the lowest and the highest; of two values the lower, of none NaN.
    pub(super) fn trimmed(
        sum: &[f32],
        squares: &[f32],
        low: &[f32],
        high: &[f32],
        count: &[f32],
        mean: &mut [f32],
        variance: &mut [f32],
    ) {
        for i in 0..mean.len() {
            let n = count[i];
            (mean[i], variance[i]) = if n >= 3.0 {
                let k = n - 2.0;
                let m = (sum[i] - low[i] - high[i]) / k;
                let s = (squares[i] - low[i] * low[i] - high[i] * high[i]) / k - m * m;
                // The two that were dropped make the rest look too narrow.
                (m, s.max(0.0) * (1.0 + 6.0 / n))
            } else if n > 0.0 {
                (low[i], 0.0)
            } else {
                (f32::NAN, 0.0)
            };
        }
    }

    /// Adds one frame's values that lie within [`CLIP`] spreads of the mean, weighted.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn clipped(
        values: &[f32],
        mean: &[f32],
        variance: &[f32],
        noise: f32,
        weight: f32,
        sum: &mut [f32],
        total: &mut [f32],
    ) {
        let n = values.len();
        let (mean, variance, sum, total) = (&mean[..n], &variance[..n], &mut sum[..n], &mut total[..n]);
        for i in 0..n {
            let off = values[i] - mean[i];
            let spread = if variance[i] > noise { variance[i] } else { noise };
            let keep = off * off < CLIP * CLIP * spread;
            sum[i] += if keep { weight * values[i] } else { 0.0 };
            total[i] += if keep { weight } else { 0.0 };
        }
    }
}
