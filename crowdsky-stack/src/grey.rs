//! A frame without its colours: half the size, matched-filtered, and where it is brightest.

use crate::background::SkyMesh;
use crate::mosaic::Mosaic;
use crate::statistics::{MAD_TO_SIGMA, median};
use crowdsky_core::Band;

/// A local maximum of the filtered grey image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) significance: f32,
}

/// The frame at half size in units of its noise, after the matched filter.
pub(crate) struct GreyImage {
    width: usize,
    height: usize,
    values: Vec<f32>,
    noise: f32,
}

impl GreyImage {
    pub(crate) fn new(mosaic: &Mosaic, sky: &SkyMesh) -> GreyImage {
        let (width, height) = (mosaic.width() / 2, mosaic.height() / 2);
        let inverse = sky.noise().map(|n| 1.0 / (n * n));
        let sum = inverse[0] + 2.0 * inverse[1] + inverse[2];
        let weight = |x: usize, y: usize| inverse[mosaic.pattern().band(x, y).index()] / sum;
        let weights = [[weight(0, 0), weight(1, 0)], [weight(0, 1), weight(1, 1)]];
        let mut values = vec![0.0f32; width * height];
        let mut level = vec![0.0f32; width];
        for (j, out) in values.chunks_exact_mut(width).enumerate() {
            level_row(sky, inverse, sum, 2 * j, &mut level);
            kernel::cells([mosaic.row(2 * j), mosaic.row(2 * j + 1)], weights, &level, out);
        }
        let gain = smooth(&mut values, width, height);
        // White noise through the filter; where the field is so crowded that stars are the noise, the spread itself.
        let mut sample: Vec<f64> = values.iter().step_by(37).map(|&v| f64::from(v).abs()).collect();
        let spread = MAD_TO_SIGMA * median(&mut sample).unwrap_or(0.0);
        let noise = (gain / sum.sqrt()).max(spread as f32);
        GreyImage { width, height, values, noise }
    }

    /// Local maxima above `threshold` sigma, most significant first.
    pub(crate) fn maxima(&self, threshold: f32) -> Vec<Candidate> {
        let (w, cut) = (self.width, threshold * self.noise);
        let mut found = Vec::new();
        for j in 1..self.height - 1 {
            let row = &self.values[j * w..(j + 1) * w];
            let (above, below) = (&self.values[(j - 1) * w..j * w], &self.values[(j + 1) * w..(j + 2) * w]);
            for i in 1..w - 1 {
                let v = row[i];
                // Strict on one side, so that a plateau gives one maximum.
                if v > cut
                    && v > row[i - 1]
                    && v >= row[i + 1]
                    && above[i - 1..=i + 1].iter().all(|&o| v > o)
                    && below[i - 1..=i + 1].iter().all(|&o| v >= o)
                {
                    let offset = |a: f32, b: f32| {
                        let curve = a + b - 2.0 * v;
                        if curve < 0.0 { f64::from((0.5 * (a - b) / curve).clamp(-0.5, 0.5)) } else { 0.0 }
                    };
                    found.push(Candidate {
                        x: 2.0 * (i as f64 + offset(row[i - 1], row[i + 1])) + 0.5,
                        y: 2.0 * (j as f64 + offset(above[i], below[i])) + 0.5,
                        significance: v / self.noise,
                    });
                }
            }
        }
        found.sort_by(|a, b| {
            b.significance.total_cmp(&a.significance).then(a.y.total_cmp(&b.y)).then(a.x.total_cmp(&b.x))
        });
        found
    }
}

/// The grey sky level along cell row `y / 2`, interpolated between nodes 16 cells apart (the mesh itself is 32 apart).
fn level_row(sky: &SkyMesh, inverse: [f32; 3], sum: f32, y: usize, out: &mut [f32]) {
    const STEP: usize = 16;
    let grey = |i: usize| {
        let l = Band::ALL.map(|b| sky.level(b, (2 * i) as f64 + 0.5, y as f64 + 0.5));
        (inverse[0] * l[0] + 2.0 * inverse[1] * l[1] + inverse[2] * l[2]) / sum
    };
    let mut left = grey(0);
    for (k, part) in out.chunks_mut(STEP).enumerate() {
        let right = grey((k + 1) * STEP);
        for (i, v) in part.iter_mut().enumerate() {
            *v = left + (right - left) * (i as f32 / STEP as f32);
        }
        left = right;
    }
}

/// Separable Gaussian of sigma 0.85 cells, the match to a FWHM of 3.4 to 4 px; returns the noise gain of white noise.
fn smooth(values: &mut [f32], width: usize, height: usize) -> f32 {
    const SIGMA: f32 = 0.85;
    let k1 = (-0.5 / (SIGMA * SIGMA)).exp();
    let k2 = (-2.0 / (SIGMA * SIGMA)).exp();
    let total = 1.0 + 2.0 * (k1 + k2);
    let k = [1.0 / total, k1 / total, k2 / total];
    let mut across = vec![0.0f32; values.len()];
    for (row, out) in values.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        let near = |d: usize| &row[d..width - 4 + d];
        kernel::blend([near(0), near(1), near(2), near(3), near(4)], k, &mut out[2..width - 2]);
    }
    values[..2 * width].fill(0.0);
    values[(height - 2) * width..].fill(0.0);
    for (j, out) in values.chunks_exact_mut(width).enumerate().take(height - 2).skip(2) {
        let row = |d: usize| &across[(j + d - 2) * width..(j + d - 1) * width];
        kernel::blend([row(0), row(1), row(2), row(3), row(4)], k, out);
    }
    k[0] * k[0] + 2.0 * (k[1] * k[1] + k[2] * k[2])
}

#[allow(unsafe_code)] // The macro's call of a function compiled for more, behind its run-time check.
mod kernel {
    /// Cells of 2 x 2 photosites of two rows, weighted, less their level.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn cells(rows: [&[u16]; 2], weights: [[f32; 2]; 2], level: &[f32], out: &mut [f32]) {
        let n = out.len();
        let ([top, bottom], level) = (rows.map(|row| &row[..2 * n]), &level[..n]);
        for i in 0..n {
            out[i] = weights[0][0] * f32::from(top[2 * i])
                + weights[0][1] * f32::from(top[2 * i + 1])
                + weights[1][0] * f32::from(bottom[2 * i])
                + weights[1][1] * f32::from(bottom[2 * i + 1])
                - level[i];
        }
    }

    /// Five values, the middle one by `k[0]`, those beside it by `k[1]`, the outer ones by `k[2]`.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn blend(values: [&[f32]; 5], k: [f32; 3], out: &mut [f32]) {
        let n = out.len();
        let [a, b, c, d, e] = values.map(|v| &v[..n]);
        for i in 0..n {
            out[i] = k[0] * c[i] + k[1] * (b[i] + d[i]) + k[2] * (a[i] + e[i]);
        }
    }
}
