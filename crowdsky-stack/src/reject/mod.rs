//! Which samples do not belong: cosmic rays, satellites, aircraft, cloud edges.
//!
//! All frames' samples of one tile are held against a robust centre of each pixel:
//!
//! 1. centre and spread of every pixel and colour from its sorted samples (of at most 64 frames);
//! 2. a sample is *strong* if it lies more than `sigma` spreads off in any colour or in the sum of the three;
//! 3. samples next to strong ones are rejected too if they lie more than 2.5 off, and their neighbours, and so on:
//!    what crosses a tile as a line is followed into its wings;
//! 4. blocks of 8 x 8 pixels whose mean is too high are dropped: trails too faint to show in a single pixel.

mod kernel;

use crate::sort_network::{LANES, exchanges, sort_columns};
use crate::statistics::{median, median_and_spread};
use kernel::{Expected, flag_samples, load_row};

/// Frames that the centre is taken from; of more, every k-th. The median of 64 has 1.25 / 8 of one sample's noise.
pub(crate) const CENTRE_FRAMES: usize = 64;
/// Samples from which quartiles tell a spread; below, the frames' own noise is used.
const SPREAD_FRAMES: usize = 8;
/// Hysteresis: neighbours of a rejected sample are rejected from here on.
const WEAK: f32 = 2.5;
/// Noise of a bilinear, then bicubic sample over that of a photosite, the mean over all phases (measured on white
/// noise at a rotation of 0.3 rad: 0.730 red, 0.720 green, 0.729 blue).
pub(crate) const INTERPOLATED_NOISE: f32 = 0.73;
/// Quartile distance of a Gaussian of sigma 1.
const QUARTILES: f32 = 1.349;
/// Side of a block in the search for faint trails, px.
pub(crate) const BLOCK: usize = 8;
/// A block is dropped this far above the others, in their own spread, and its neighbours from the lower limit.
const BLOCK_SIGMA: f64 = 5.0;
const BLOCK_NEIGHBOUR_SIGMA: f64 = 2.5;

/// Bits of a sample's flags.
pub(crate) const REJECTED: u8 = 1;
const IS_WEAK: u8 = 2;
const IS_HIGH: u8 = 4;
/// The frame does not cover the pixel.
pub(crate) const MISSING: u8 = 8;

/// The samples of a tile: for each frame three planes (by band) of `width * height`; NaN where the frame has none.
#[derive(Debug, Default)]
pub(crate) struct TileSamples {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
    /// By frame and band: noise of one sample on blank sky, in output units.
    pub(crate) noise: Vec<[f32; 3]>,
}

impl TileSamples {
    pub(crate) fn area(&self) -> usize {
        self.width * self.height
    }

    pub(crate) fn frames(&self) -> usize {
        self.noise.len()
    }

    pub(crate) fn plane(&self, frame: usize, band: usize) -> &[f32] {
        let area = self.area();
        &self.values[(3 * frame + band) * area..][..area]
    }
}

/// Working memory of one worker, and its result: centre and flags.
#[derive(Debug, Default)]
pub(crate) struct Rejector {
    /// Robust centre, three planes.
    pub(crate) centre: [Vec<f32>; 3],
    /// Flags of each frame's samples.
    pub(crate) flags: Vec<u8>,
    spread: [Vec<f32>; 3],
    /// Samples of each pixel that the centre is taken from.
    count: Vec<u32>,
    inverse: [Vec<f32>; 3],
    flat: Vec<f32>,
    sum: Vec<f32>,
    stack: Vec<u32>,
    network: (usize, Vec<(u16, u16)>),
    blocks: Vec<f64>,
}

impl Rejector {
    /// Fills [`Self::flags`] and [`Self::centre`] for `tile`. `sigma` is the threshold, `sky` the level of blank sky by band.
    pub(crate) fn run(&mut self, tile: &TileSamples, sigma: f32, sky: [f32; 3]) {
        let (area, frames) = (tile.area(), tile.frames());
        self.flags.clear();
        self.flags.resize(area * frames, 0);
        self.find_centre(tile);
        let typical = self.typical_noise(tile);
        self.prepare(tile, typical, sky);
        self.blocks.clear();
        // The spread of the blocks of fewer frames is that of the trail itself.
        let look_for_trails = frames >= 4;
        for k in 0..frames {
            let relative = std::array::from_fn(|b| typical[b].0 / tile.noise[k][b].max(1e-6));
            let flags = &mut self.flags[k * area..(k + 1) * area];
            self.sum.resize(area, 0.0);
            let planes = [tile.plane(k, 0), tile.plane(k, 1), tile.plane(k, 2)];
            let expected = Expected {
                centre: [&self.centre[0], &self.centre[1], &self.centre[2]],
                inverse: [&self.inverse[0], &self.inverse[1], &self.inverse[2]],
                flat: &self.flat,
            };
            let any = flag_samples(expected, planes, relative, sigma, flags, &mut self.sum);
            if any {
                grow(flags, tile.width, tile.height, &mut self.stack);
            }
            if look_for_trails {
                block_means(flags, &self.sum, &self.flat, tile.width, tile.height, &mut self.blocks);
            }
        }
        if look_for_trails {
            self.drop_blocks(tile);
        }
    }

    /// Median and quartile spread of every pixel and band.
    fn find_centre(&mut self, tile: &TileSamples) {
        let (area, n) = (tile.area(), tile.frames());
        let m = n.min(CENTRE_FRAMES);
        if self.network.0 != m {
            self.network = (m, exchanges(m));
        }
        self.count.resize(area, 0);
        let mut rows = [[0.0f32; LANES]; CENTRE_FRAMES];
        for band in 0..3 {
            self.centre[band].resize(area, 0.0);
            self.spread[band].resize(area, 0.0);
            for start in (0..area).step_by(LANES) {
                let lanes = LANES.min(area - start);
                let mut count = [0u32; LANES];
                for (i, row) in rows[..m].iter_mut().enumerate() {
                    let samples = &tile.plane(i * n / m, band)[start..start + lanes];
                    load_row(samples, row, &mut count);
                }
                sort_columns(&mut rows[..m], &self.network.1);
                for (lane, &count) in count[..lanes].iter().enumerate() {
                    let (centre, spread) = quantiles(&rows, lane, count as usize);
                    self.centre[band][start + lane] = centre;
                    self.spread[band][start + lane] = spread;
                    self.count[start + lane] = count;
                }
            }
        }
    }

    /// By band: the mean noise that the frames predict, and what the tile's pixels show.
    fn typical_noise(&self, tile: &TileSamples) -> [(f32, f32); 3] {
        std::array::from_fn(|b| {
            let predicted = tile.noise.iter().map(|n| n[b]).sum::<f32>() / tile.frames().max(1) as f32;
            let mut shown: Vec<f64> =
                self.spread[b].iter().step_by(3).filter(|s| **s > 0.0).map(|&s| f64::from(s)).collect();
            let shown = median(&mut shown).map_or(predicted, |s| s as f32);
            (predicted, shown)
        })
    }

    /// Inverse spread by pixel and band, and where the picture is flat enough for the block test.
    fn prepare(&mut self, tile: &TileSamples, typical: [(f32, f32); 3], sky: [f32; 3]) {
        let area = tile.area();
        // A tenth more FWHM takes a fifth off a star's core and adds it to the wings; quartiles see the middle half of
        // that only. (With 3 % a sixth of the frames of a Milky Way field lost more than 5 % of their samples.)
        let allowance = if tile.frames() >= SPREAD_FRAMES { 0.10 } else { 0.15 };
        self.flat.clear();
        self.flat.resize(area, 1.0);
        for b in 0..3 {
            let floor = typical[b].1.max(1e-6);
            self.inverse[b].clear();
            let (centre, spread, flat) = (&self.centre[b], &self.spread[b], &mut self.flat);
            let pixels = centre.iter().zip(spread).zip(&self.count).zip(flat.iter_mut());
            self.inverse[b].extend(pixels.map(|(((&c, &s), &count), flat)| {
                let star = allowance * (c - sky[b]).max(0.0);
                let width = (s.max(floor).powi(2) + star * star).sqrt();
                if width > 1.5 * floor {
                    *flat = 0.0;
                }
                // The lower of two is itself a sample: the other differs from it by the noise of both.
                if count == 2 { std::f32::consts::FRAC_1_SQRT_2 / width } else { 1.0 / width }
            }));
        }
    }

    /// Drops blocks that stand out among all frames' blocks of the tile.
    fn drop_blocks(&mut self, tile: &TileSamples) {
        let (across, down) = (tile.width.div_ceil(BLOCK), tile.height.div_ceil(BLOCK));
        let per_frame = across * down;
        // A frame's residual sky gradient lifts all its blocks alike: only what stands out within the tile counts.
        for frame in self.blocks.chunks_mut(per_frame) {
            let mut known: Vec<f64> = frame.iter().copied().filter(|v| v.is_finite()).collect();
            let Some(m) = median(&mut known).filter(|_| known.len() >= 6) else {
                frame.fill(f64::NAN);
                continue;
            };
            for v in frame.iter_mut() {
                *v -= m;
            }
        }
        let mut all: Vec<f64> = self.blocks.iter().copied().filter(|v| v.is_finite()).collect();
        let Some((_, spread)) = median_and_spread(&mut all).filter(|s| s.1 > 0.0) else { return };
        let area = tile.area();
        for (k, frame) in self.blocks.chunks(per_frame).enumerate() {
            for (at, &value) in frame.iter().enumerate() {
                if value < BLOCK_SIGMA * spread || value.is_nan() {
                    continue;
                }
                let (bx, by) = (at % across, at / across);
                for y in by.saturating_sub(1)..(by + 2).min(down) {
                    for x in bx.saturating_sub(1)..(bx + 2).min(across) {
                        let whole = frame[y * across + x] > BLOCK_NEIGHBOUR_SIGMA * spread;
                        drop_block(
                            &mut self.flags[k * area..(k + 1) * area],
                            (tile.width, tile.height),
                            (x, y),
                            whole,
                        );
                    }
                }
            }
        }
    }
}

/// Rejects a whole block, or what is 2 spreads high in it.
fn drop_block(flags: &mut [u8], (width, height): (usize, usize), (bx, by): (usize, usize), whole: bool) {
    for y in by * BLOCK..((by + 1) * BLOCK).min(height) {
        for f in &mut flags[y * width + bx * BLOCK..y * width + ((bx + 1) * BLOCK).min(width)] {
            if *f & MISSING == 0 && (whole || *f & IS_HIGH != 0) {
                *f |= REJECTED;
            }
        }
    }
}

/// Median and quartile spread (0 if too few) of a sorted column of `n` samples.
///
/// Of two samples the lower: with nothing else to go by, light that only one frame saw is the intruder.
fn quantiles(rows: &[[f32; LANES]], lane: usize, n: usize) -> (f32, f32) {
    let at = |i: usize| rows[i][lane];
    let centre = match n {
        0 => f32::NAN,
        1 | 2 => at(0),
        _ if n % 2 == 1 => at(n / 2),
        _ => 0.5 * (at(n / 2 - 1) + at(n / 2)),
    };
    if n < SPREAD_FRAMES {
        return (centre, 0.0);
    }
    let quartile = |q: f32| {
        let p = q * (n - 1) as f32;
        let i = p as usize;
        at(i) + (at(i + 1) - at(i)) * (p - i as f32)
    };
    (centre, (quartile(0.75) - quartile(0.25)) / QUARTILES)
}

/// Rejects what is weak and touches what is rejected, from neighbour to neighbour.
fn grow(flags: &mut [u8], width: usize, height: usize, stack: &mut Vec<u32>) {
    stack.clear();
    stack.extend(flags.iter().enumerate().filter(|(_, f)| **f & REJECTED != 0).map(|(i, _)| i as u32));
    while let Some(i) = stack.pop() {
        let (x, y) = (i as usize % width, i as usize / width);
        for v in y.saturating_sub(1)..(y + 2).min(height) {
            for u in x.saturating_sub(1)..(x + 2).min(width) {
                let f = &mut flags[v * width + u];
                if *f & (REJECTED | IS_WEAK) == IS_WEAK {
                    *f |= REJECTED;
                    stack.push((v * width + u) as u32);
                }
            }
        }
    }
}

/// Appends the mean of the summed deviation over each block's good, flat samples; NaN where fewer than half are.
fn block_means(flags: &[u8], sum: &[f32], flat: &[f32], width: usize, height: usize, out: &mut Vec<f64>) {
    for by in (0..height).step_by(BLOCK) {
        for bx in (0..width).step_by(BLOCK) {
            let (mut total, mut count) = (0.0f32, 0.0f32);
            for y in by..(by + BLOCK).min(height) {
                let row = y * width + bx..y * width + (bx + BLOCK).min(width);
                for ((&f, &s), &ok) in flags[row.clone()].iter().zip(&sum[row.clone()]).zip(&flat[row]) {
                    let w = if f & (REJECTED | MISSING) == 0 { ok } else { 0.0 };
                    total += w * s;
                    count += w;
                }
            }
            out.push(if count >= (BLOCK * BLOCK / 2) as f32 { f64::from(total / count) } else { f64::NAN });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::tests::random;

    /// `frames` of noise 10 about 1000, 64 x 32.
    fn noise(frames: usize, seed: u64) -> TileSamples {
        let mut r = random(seed);
        let (width, height) = (64, 32);
        let values = (0..frames * 3 * width * height)
            .map(|_| 1000.0 + 10.0 * ((0..12).map(|_| r()).sum::<f64>() - 6.0) as f32)
            .collect();
        TileSamples { width, height, values, noise: vec![[10.0; 3]; frames] }
    }

    fn rejected(r: &Rejector, tile: &TileSamples, k: usize) -> Vec<bool> {
        r.flags[k * tile.area()..(k + 1) * tile.area()].iter().map(|f| f & REJECTED != 0).collect()
    }

    #[test]
    fn clean_noise_loses_almost_nothing() {
        for frames in [2, 3, 5, 10, 30, 100] {
            let tile = noise(frames, 3);
            let mut r = Rejector::default();
            r.run(&tile, 4.0, [1000.0; 3]);
            let lost = r.flags.iter().filter(|f| **f & REJECTED != 0).count() as f64 / r.flags.len() as f64;
            assert!(lost < 0.004, "{frames} frames lose {lost}");
        }
    }

    #[test]
    fn a_cosmic_ray_a_trail_and_a_faint_trail_go() {
        let mut tile = noise(20, 4);
        let area = tile.area();
        for b in 0..3 {
            // Frame 3: one bright sample. Frame 7: a trail of 8 sigma along row 10. Frame 9: one of 1.8 sigma, 2 px wide.
            tile.values[(3 * 3 + b) * area + 5 * 64 + 40] += 5000.0;
            for x in 0..64 {
                tile.values[(3 * 7 + b) * area + 10 * 64 + x] += 80.0;
                tile.values[(3 * 9 + b) * area + 20 * 64 + x] += 18.0;
                tile.values[(3 * 9 + b) * area + 21 * 64 + x] += 18.0;
            }
        }
        let mut r = Rejector::default();
        r.run(&tile, 4.0, [1000.0; 3]);
        assert!(rejected(&r, &tile, 3)[5 * 64 + 40]);
        assert!(rejected(&r, &tile, 7)[10 * 64..11 * 64].iter().all(|&f| f));
        let faint = rejected(&r, &tile, 9)[20 * 64..22 * 64].iter().filter(|&&f| f).count();
        assert!(faint > 64, "{faint} of 128 samples of the faint trail");
    }

    #[test]
    fn of_two_frames_the_one_with_a_satellite_yields() {
        let mut tile = noise(2, 5);
        let area = tile.area();
        for b in 0..3 {
            tile.values[(3 + b) * area + 700] += 400.0;
        }
        let mut r = Rejector::default();
        r.run(&tile, 4.0, [1000.0; 3]);
        assert!(!rejected(&r, &tile, 0)[700] && rejected(&r, &tile, 1)[700]);
    }

    #[test]
    fn missing_samples_are_neither_counted_nor_rejected() {
        let mut tile = noise(9, 6);
        let area = tile.area();
        for b in 0..3 {
            tile.values[(3 * 4 + b) * area..(3 * 4 + b) * area + 128].fill(f32::NAN);
            for k in 0..9 {
                tile.values[(3 * k + b) * area + 2000] = f32::NAN;
            }
        }
        let mut r = Rejector::default();
        r.run(&tile, 4.0, [1000.0; 3]);
        let flags = &r.flags[4 * area..4 * area + 128];
        assert!(flags.iter().all(|f| *f == MISSING));
        assert!(r.centre[0][2000].is_nan() && r.centre[0][64].is_finite());
    }
}
