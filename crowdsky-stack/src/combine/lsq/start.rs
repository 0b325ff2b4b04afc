//! A robust picture at half the resolution: the prior of the solution, and what the first sweep holds samples against.
//!
//! Every node takes the nearest photosite of each colour (the mean of two greens) from every frame. Of these values the lowest
//! and the highest are dropped, the rest give mean and variance; twice, what lies within three spreads is averaged.

use crate::combine::{Plan, Registered};
use crate::parallel;
use crate::window::Window;
use crowdsky_core::{Band, BayerPattern};
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

/// A frame's photosites near output pixels.
struct Sites<'a> {
    window: Window<'a>,
    frame: &'a Registered<'a>,
    /// Column and row parity of red; blue has the others.
    red: (usize, usize),
    sky: [f32; 3],
    /// Nodes in a row of the whole picture.
    width: usize,
    /// Nodes whose nearest photosite of a colour is a defect: row, column, photosite; in order of rows.
    holes: Vec<(usize, usize, (usize, usize))>,
}

/// The four photosites of a node: columns and rows, by parity.
#[derive(Clone, Copy)]
struct Nearest {
    columns: [usize; 2],
    rows: [usize; 2],
}

impl<'a> Sites<'a> {
    /// For nodes in these columns and rows.
    fn new(
        frame: &'a Registered<'a>,
        window: Window<'a>,
        plan: &Plan<'_>,
        nodes: [Range<usize>; 2],
    ) -> Sites<'a> {
        let red = match window.pattern() {
            BayerPattern::Rggb => (0, 0),
            BayerPattern::Grbg => (1, 0),
            BayerPattern::Gbrg => (0, 1),
            BayerPattern::Bggr => (1, 1),
        };
        let width = plan.size.0.div_ceil(2);
        let mut sites = Sites { window, frame, red, sky: plan.sky, width, holes: Vec::new() };
        if let Some(to_output) = frame.to_frame.invert() {
            for (x, y) in frame.defects.iter() {
                let (u, v) = to_output.apply(x as f64, y as f64);
                let (i, j) =
                    (super::model::half_place(u).round() as i64, super::model::half_place(v).round() as i64);
                for (i, j) in (-2..=2).flat_map(|b| (-2..=2).map(move |a| (i + a, j + b))) {
                    let here = |i: i64, within: &Range<usize>| i >= 0 && within.contains(&(i as usize));
                    if here(i, &nodes[0])
                        && here(j, &nodes[1])
                        && sites.at(i as usize, j as usize).is_some_and(|n| n.has((x, y)))
                    {
                        sites.holes.push((j as usize, i as usize, (x, y)));
                    }
                }
            }
        }
        sites.holes.sort_unstable();
        sites
    }

    /// Place of node (`i`, `j`) in the frame.
    fn place(&self, i: f64, j: f64) -> (f64, f64) {
        self.frame.to_frame.apply(2.0 * i + 0.5, 2.0 * j + 0.5)
    }

    /// The nearest photosites of a node, `None` beyond the frame's rim.
    fn at(&self, i: usize, j: usize) -> Option<Nearest> {
        let (u0, v0) = self.place(0.0, j as f64);
        let [[a, ..], [d, ..]] = self.frame.to_frame.rows;
        let (u, v) = (u0 as f32 + i as f32 * (2.0 * a) as f32, v0 as f32 + i as f32 * (2.0 * d) as f32);
        self.near(u, v)
    }

    #[inline(always)]
    fn near(&self, u: f32, v: f32) -> Option<Nearest> {
        let (width, height) = (self.window.width(), self.window.height());
        let inside = u >= -0.5 && v >= -0.5 && u <= width as f32 - 0.5 && v <= height as f32 - 0.5;
        if !inside {
            return None;
        }
        // The last column and row of each parity.
        let last = |n: usize, parity: usize| n - 1 - ((n - 1) ^ parity) % 2;
        // To i32 first: one instruction, where a conversion to 64 bits without sign is six.
        let even = |p: f32, n: usize| ((0.5 * p + 0.5) as i32 as usize * 2).min(last(n, 0));
        let odd = |p: f32, n: usize| ((0.5 * p).max(0.0) as i32 as usize * 2 + 1).min(last(n, 1));
        Some(Nearest { columns: [even(u, width), odd(u, width)], rows: [even(v, height), odd(v, height)] })
    }

    /// Values of nodes `columns` of row `j` relative to the sky, by band; NaN where there is none.
    fn fill(&self, j: usize, columns: Range<usize>, out: [&mut [f32]; 3]) {
        let [red, green, blue] = out;
        let (start, n, left) = (columns.start, columns.len(), self.window.first_column());
        let gain = 1.0 / self.frame.transparency;
        // The level along an output row is a parabola: three points tell it.
        let last = (self.width - 1).max(2) as f64;
        let levels = [0.0, 0.5 * last, last].map(|i| {
            let (u, v) = self.place(i, j as f64);
            self.frame.difference.at(u, v).map(|d| d * gain)
        });
        let parabola: [[f32; 3]; 3] = std::array::from_fn(|b| {
            let (p, q, r) = (levels[0][b], levels[1][b], levels[2][b]);
            let bend = 2.0 * (p - 2.0 * q + r) / (last * last);
            [(p + f64::from(self.sky[b])) as f32, ((r - p) / last - bend * last) as f32, bend as f32]
        });
        let gain = gain as f32;
        let (u0, v0) = self.place(0.0, j as f64);
        let [[a, ..], [d, ..]] = self.frame.to_frame.rows;
        let (u0, v0, du, dv) = (u0 as f32, v0 as f32, (2.0 * a) as f32, (2.0 * d) as f32);
        let (x, y) = self.red;
        let (mut rows, mut with_red, mut with_blue) = ([usize::MAX; 2], &[][..], &[][..]);
        for i in 0..n {
            let step = (start + i) as f32;
            let Some(near) = self.near(u0 + step * du, v0 + step * dv) else {
                (red[i], green[i], blue[i]) = (f32::NAN, f32::NAN, f32::NAN);
                continue;
            };
            // A line of nodes stays on the same rows for long.
            if rows != near.rows {
                rows = near.rows;
                (with_red, with_blue) = (self.window.row(rows[y]), self.window.row(rows[1 - y]));
            }
            let (p, q) = (near.columns[x] - left, near.columns[1 - x] - left);
            let (r, g, h, b) = (with_red[p], with_red[q], with_blue[p], with_blue[q]);
            let level =
                |band: usize| parabola[band][0] + step * (parabola[band][1] + step * parabola[band][2]);
            red[i] = f32::from(r) * gain - level(0);
            green[i] = 0.5 * (f32::from(g) + f32::from(h)) * gain - level(1);
            blue[i] = f32::from(b) * gain - level(2);
        }
        let from = self.holes.partition_point(|h| h.0 < j);
        for &(_, node, (column, row)) in self.holes[from..].iter().take_while(|h| h.0 == j) {
            if !columns.contains(&node) {
                continue;
            }
            let (i, step) = (node - start, node as f32);
            let level =
                |band: usize| parabola[band][0] + step * (parabola[band][1] + step * parabola[band][2]);
            match self.window.pattern().band(column, row) {
                Band::Red => red[i] = f32::NAN,
                Band::Blue => blue[i] = f32::NAN,
                Band::Green => {
                    // The other green alone, unless it is a defect too.
                    let Some(near) = self.at(node, j) else { continue };
                    let other = (near.columns[(column + 1) % 2], near.rows[(row + 1) % 2]);
                    let bad = self.frame.defects.in_row(other.1, other.0, other.0 + 1).next().is_some();
                    green[i] = if bad {
                        f32::NAN
                    } else {
                        f32::from(self.window.at(other.0, other.1)) * gain - level(1)
                    };
                }
            }
        }
    }
}

impl Nearest {
    fn has(&self, (x, y): (usize, usize)) -> bool {
        self.columns[x % 2] == x && self.rows[y % 2] == y
    }
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
    #[multiversion::multiversion(targets("x86_64+avx2", "x86_64+avx2+avx512f+avx512vl+avx512dq"))]
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
    #[multiversion::multiversion(targets("x86_64+avx2", "x86_64+avx2+avx512f+avx512vl+avx512dq"))]
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
