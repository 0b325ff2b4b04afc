//! How uncertain a pixel is: noise sent through the same solver.
//!
//! The weights are inverse variances, so the noise of the right side of the normal equations has the matrix itself as its
//! covariance. A cell's part of it is made from four random signs and the Cholesky factor of the cell's 4 x 4 Gram matrix; the
//! solver and the filter make a picture of pure noise from it, whose square is the variance. That is done for some tiles;
//! elsewhere the variance follows from the local density of samples, to which the tiles give the factor.

use super::model::flatten;
use super::moments::{Equations, gram};
use super::solve::Solver;
use super::tile::{AREA, HALO, SIDE, TILE};
use crate::combine::Plan;
use crate::linalg::cholesky;
use crate::simd::Cell;

/// Pairs of 1 / density and variance times density, each the mean of a block of pixels.
#[derive(Debug, Clone, Default)]
pub(crate) struct NoiseProbe {
    pub(super) blocks: Vec<(f64, f64)>,
    /// For discs of 1 to [`DISCS`] px: squares of the sums of the noise in them, and sums of its squares.
    discs: [(f64, f64); DISCS],
}

/// What one tile tells, by band.
#[derive(Debug, Clone)]
pub(crate) struct TileProbe {
    /// Number of the tile in the whole picture.
    pub(super) tile: usize,
    pub(super) bands: [NoiseProbe; 3],
}

/// Largest radius for which the covariance is told, px.
pub(crate) const DISCS: usize = 6;

impl NoiseProbe {
    /// What all tiles found together, by band. They are taken in the order of their numbers: sums of fractions depend on it, and
    /// tiles come in that of the blocks that the picture was cut into.
    pub(crate) fn of_tiles(mut tiles: Vec<TileProbe>) -> [NoiseProbe; 3] {
        tiles.sort_unstable_by_key(|probe| probe.tile);
        let mut all: [NoiseProbe; 3] = Default::default();
        for probe in tiles {
            for (all, one) in all.iter_mut().zip(probe.bands) {
                all.blocks.extend(one.blocks);
                for (all, one) in all.discs.iter_mut().zip(one.discs) {
                    *all = (all.0 + one.0, all.1 + one.1);
                }
            }
        }
        all
    }

    /// By how much the variance of a sum over a disc of radius 1, 2, ... px is above the sum of the pixels' variances.
    pub(crate) fn covariance(&self) -> [f64; DISCS] {
        self.discs.map(|(sum, squares)| if squares > 0.0 { sum / squares } else { 1.0 })
    }
}

/// Turns densities (samples a pixel, in units of the mean weight) into variances: the sky's noise as the probes tell it, and
/// the noise of the stars' own light.
pub(crate) fn settle_variance(
    plan: &Plan<'_>,
    planes: &[Vec<f32>; 3],
    variance: &mut [Vec<f32>; 3],
    probes: &[NoiseProbe; 3],
) {
    for band in 0..3 {
        let factor = Factor::fit(&probes[band].blocks);
        let (mut light, mut total) = (0.0f64, 0.0f64);
        for f in &plan.frames {
            let w = f64::from(f.weight[band]);
            light += w * w / f.transparency;
            total += w;
        }
        // Of one sample of mean weight, and by how much an ADU of light raises it.
        let unit = f64::from(plan.unit(band));
        let raise = plan.electrons_per_adu.map_or(0.0, |e| light / total / e / unit);
        let sky = plan.sky[band];
        for (v, &p) in variance[band].iter_mut().zip(&planes[band]) {
            let density = f64::from(*v);
            let star = f64::from((p - sky).max(0.0));
            *v = (unit * factor.at(density) / density * (1.0 + raise * star)) as f32;
        }
    }
}

/// Variance times density: a straight line in 1 / density.
#[derive(Debug, Clone, Copy)]
struct Factor {
    constant: f64,
    slope: f64,
    /// Densest and thinnest place that was probed, 1 / density.
    range: (f64, f64),
}

impl Factor {
    fn fit(blocks: &[(f64, f64)]) -> Factor {
        let n = blocks.len() as f64;
        if blocks.is_empty() {
            // Nothing but rim: the uniform limit of the spline, filtered.
            return Factor { constant: UNIFORM, slope: 0.0, range: (0.0, 0.0) };
        }
        let (mx, my) = blocks.iter().fold((0.0, 0.0), |s, b| (s.0 + b.0 / n, s.1 + b.1 / n));
        let (xx, xy) =
            blocks.iter().fold((0.0, 0.0), |s, b| (s.0 + (b.0 - mx).powi(2), s.1 + (b.0 - mx) * (b.1 - my)));
        // A slope needs densities that differ by a fifth.
        let slope = if xx / n > (0.2 * mx).powi(2) { xy / xx } else { 0.0 };
        let range = blocks.iter().fold((f64::INFINITY, 0.0f64), |r, b| (r.0.min(b.0), r.1.max(b.0)));
        Factor { constant: my - slope * mx, slope, range }
    }

    fn at(&self, density: f64) -> f64 {
        let inverse = (1.0 / density).clamp(self.range.0, self.range.1);
        (self.constant + self.slope * inverse).max(0.2 * UNIFORM)
    }
}

/// The factor of infinitely dense, evenly spread samples: `(1/pi integral of (0.82 + 0.18 cos k)² 3 / (2 + cos k), 0 to pi)²`.
const UNIFORM: f64 = 1.13;

/// Distance of the discs' centres, px.
const DISC_STEP: usize = 5;
/// Side of a block, px.
const BLOCK: usize = 16;

/// Working memory of a probe.
pub(super) struct Prober {
    right: Vec<f32>,
    blurred: [Vec<f32>; 2],
    noise: Vec<f32>,
}

impl Prober {
    pub(super) fn new() -> Prober {
        let nodes = || vec![0.0; AREA];
        Prober { right: nodes(), blurred: [nodes(), nodes()], noise: nodes() }
    }

    /// Adds the blocks of a solved tile (the prior of strength `lambda` already on the diagonal) to `probe`. `seed` tells the
    /// tile and band.
    #[allow(clippy::too_many_arguments)] // A step of the tile, with all its working memory.
    pub(super) fn run(
        &mut self,
        cells: &[Cell],
        equations: &Equations,
        lambda: f32,
        density: &[f32],
        solver: &mut Solver,
        seed: u64,
        probe: &mut NoiseProbe,
    ) {
        random_right_side(cells, seed, &mut self.right);
        // The prior is made of the same samples: their noise, smoothed as the half-resolution nodes and their interpolation
        // smooth it (1 px RMS), over their density, smoothed likewise.
        smooth(&self.right, &mut self.noise, &mut self.blurred[0]);
        smooth(density, &mut self.noise, &mut self.blurred[1]);
        for ((r, b), d) in self.right.iter_mut().zip(&self.blurred[0]).zip(&self.blurred[1]) {
            *r += if *d > 0.0 { lambda * b / d } else { 0.0 };
        }
        let picture = &mut self.blurred[0];
        picture.fill(0.0);
        solver.solve(equations, &self.right, picture, (6, 6), 0.0);
        let [picture, filtered] = &mut self.blurred;
        flatten(picture, &mut self.noise, filtered);
        for by in (0..TILE).step_by(BLOCK) {
            for bx in (0..TILE).step_by(BLOCK) {
                let (mut inverse, mut square, mut n) = (0.0f64, 0.0f64, 0u32);
                for y in by..by + BLOCK {
                    for x in bx..bx + BLOCK {
                        let o = (y + HALO) * SIDE + x + HALO;
                        // Half a sample a pixel and less is the rim, where the prior is all there is.
                        if density[o] > 0.5 {
                            inverse += 1.0 / f64::from(density[o]);
                            square += f64::from(filtered[o] * filtered[o]) * f64::from(density[o]);
                            n += 1;
                        }
                    }
                }
                if n as usize > BLOCK * BLOCK / 2 {
                    probe.blocks.push((inverse / f64::from(n), square / f64::from(n)));
                }
            }
        }
        for (radius, disc) in (1..=DISCS).zip(&mut probe.discs) {
            add_discs(filtered, density, radius as i64, disc);
        }
    }
}

/// Adds the discs of `radius` around every [`DISC_STEP`]-th pixel of the tile that lie in it and away from rims.
fn add_discs(noise: &[f32], density: &[f32], radius: i64, disc: &mut (f64, f64)) {
    let middle = (HALO as i64 + radius)..(SIDE as i64 - HALO as i64 - radius);
    let inside = |x: i64, y: i64| x * x + y * y <= radius * radius;
    for y in middle.clone().step_by(DISC_STEP) {
        for x in middle.clone().step_by(DISC_STEP) {
            let (mut sum, mut squares, mut rim) = (0.0f64, 0.0f64, false);
            for dy in -radius..=radius {
                for dx in (-radius..=radius).filter(|&dx| inside(dx, dy)) {
                    let o = ((y + dy) * SIDE as i64 + x + dx) as usize;
                    let v = f64::from(noise[o]);
                    (sum, squares) = (sum + v, squares + v * v);
                    rim |= density[o] <= 0.5;
                }
            }
            if !rim {
                *disc = (disc.0 + sum * sum, disc.1 + squares);
            }
        }
    }
}

/// A right side whose covariance is the matrix of `cells`.
fn random_right_side(cells: &[Cell], seed: u64, out: &mut [f32]) {
    out.fill(0.0);
    for j in 0..SIDE - 1 {
        for i in 0..SIDE - 1 {
            let o = j * SIDE + i;
            if cells[o][0] <= 0.0 {
                continue;
            }
            let g = gram(&cells[o]);
            let [a, b, c, d, e, f, h, k, l] =
                [g.ll[0], g.lh[0], g.hh[0], g.ll[1], g.lh[1], g.hh[1], g.ll[2], g.lh[2], g.hh[2]]
                    .map(f64::from);
            // Rank 1 to 3 with few samples: a little on the diagonal keeps the factor real.
            let p = 1e-5 * f64::from(cells[o][0]);
            let matrix = [[a + p, b, d, e], [b, c + p, e, f], [d, e, h + p, k], [e, f, k, l + p]];
            let Some(factor) = cholesky(&matrix) else { continue };
            let bits = scramble(seed ^ (o as u64) << 32);
            let sign: [f64; 4] = std::array::from_fn(|s| if bits >> (11 * s) & 1 == 1 { 1.0 } else { -1.0 });
            for (row, node) in [o, o + 1, o + SIDE, o + SIDE + 1].into_iter().enumerate() {
                out[node] += (0..=row).map(|s| factor[row][s] * sign[s]).sum::<f64>() as f32;
            }
        }
    }
}

/// Mixes the bits of a counter (the finaliser of SplitMix64, Steele et al. 2014).
fn scramble(v: u64) -> u64 {
    let v = v.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let v = (v ^ (v >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let v = (v ^ (v >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    v ^ (v >> 31)
}

/// The binomial `[1, 4, 6, 4, 1] / 16` along both axes: 1 px RMS. The rim of two nodes is as it was.
fn smooth(image: &[f32], scratch: &mut [f32], out: &mut [f32]) {
    binomial(image, 1, scratch);
    binomial(scratch, SIDE, out);
}

fn binomial(image: &[f32], step: usize, out: &mut [f32]) {
    out.copy_from_slice(image);
    for o in 2 * step..AREA - 2 * step {
        let pair = |k: usize| image[o - k * step] + image[o + k * step];
        out[o] = (6.0 * image[o] + 4.0 * pair(1) + pair(2)) / 16.0;
    }
}

/// Samples per pixel around each node, in units of the mean weight: the cells within two nodes, weighted `[1, 3, 3, 1]`.
pub(super) fn density(cells: &[Cell], scratch: &mut [f32], out: &mut [f32]) {
    scratch.fill(0.0);
    out.fill(0.0);
    for j in 0..SIDE {
        for i in 2..SIDE - 1 {
            let c = &cells[j * SIDE + i - 2..=j * SIDE + i + 1];
            scratch[j * SIDE + i] = 0.125 * (c[0][0] + 3.0 * (c[1][0] + c[2][0]) + c[3][0]);
        }
    }
    for j in 2..SIDE - 1 {
        for i in 0..SIDE {
            let s = |k: usize| scratch[k * SIDE + i];
            out[j * SIDE + i] = 0.125 * (s(j - 2) + 3.0 * (s(j - 1) + s(j)) + s(j + 1));
        }
    }
}
