//! Colour sharing: detail that the bands have in common, told once, for pictures.
//!
//! Each band is split into a smooth part and detail; the detail of all bands, weighted by inverse variance, is one common
//! picture L. Around every pixel a local linear model `detail = r L + rest` keeps the colour of each star in r; what is left
//! over stays as far as it stands above its noise, so that a band keeps its own star shape where that can be measured.
//!
//! Noise in the sky becomes common to all bands, and smaller; faint stars gain some per cent. The colours of stars near the
//! noise are pulled to neutral, so this is for looking at, and the planes to measure on stay as they are.

use crate::parallel;
use crate::statistics::{MAD_TO_SIGMA, median};

/// Scale above which colours are a band's own, px RMS.
const SMOOTH: f32 = 2.0;
/// Window of the local model, px RMS.
const WINDOW: f32 = 2.5;
/// Pull of r towards 1, in noise variances of the band.
const PRIOR: f32 = 0.4;
/// Largest ratio of a band's detail to the common one, and its inverse.
const MAX_RATIO: f32 = 3.0;
/// Noise variances that what a band shows alone has to stand above.
const REST: f32 = 1.5;
/// Rows made at once, without the halo of the three blurs.
const ROWS: usize = 96;

/// Three planes of `width` columns, each with the variance of its noise (any unit: only ratios between pixels of one plane
/// count; empty: all pixels alike), with their detail shared. NaN stays NaN and takes no part.
pub(crate) fn share(planes: [&[f32]; 3], variance: [&[f32]; 3], width: usize) -> [Vec<f32>; 3] {
    let input = Input { planes, variance, width, height: planes[0].len() / width.max(1) };
    let blurs = [Blur::new(SMOOTH), Blur::new(WINDOW)];
    let scale = noise_scale(&input, &blurs[0]);
    let mut out: [Vec<f32>; 3] = std::array::from_fn(|_| vec![f32::NAN; planes[0].len()]);
    let part = ROWS * width.max(1);
    let [red, green, blue] = &mut out;
    let strips: Vec<(usize, [&mut [f32]; 3])> = red
        .chunks_mut(part)
        .zip(green.chunks_mut(part))
        .zip(blue.chunks_mut(part))
        .enumerate()
        .map(|(i, ((r, g), b))| (i * ROWS, [r, g, b]))
        .collect();
    parallel::map_owned(strips, Strip::default, |strip, (y, out)| strip.run(&input, &blurs, scale, y, out));
    out
}

struct Input<'a> {
    planes: [&'a [f32]; 3],
    variance: [&'a [f32]; 3],
    width: usize,
    height: usize,
}

impl Input<'_> {
    fn variance(&self, band: usize, at: usize) -> f32 {
        self.variance[band].get(at).copied().unwrap_or(1.0)
    }
}

/// A Gaussian, separable; beyond the picture there is nothing.
struct Blur {
    kernel: Vec<f32>,
}

impl Blur {
    fn new(sigma: f32) -> Blur {
        let radius = (3.2 * sigma).ceil() as i32;
        let mut kernel: Vec<f32> =
            (-radius..=radius).map(|i| (-0.5 * (i * i) as f32 / (sigma * sigma)).exp()).collect();
        let total: f32 = kernel.iter().sum();
        kernel.iter_mut().for_each(|k| *k /= total);
        Blur { kernel }
    }

    fn radius(&self) -> usize {
        self.kernel.len() / 2
    }

    /// `out = image * kernel`, rows of `width`.
    fn run(&self, image: &[f32], width: usize, padded: &mut Vec<f32>, between: &mut [f32], out: &mut [f32]) {
        let (rows, radius) = (image.len() / width, self.radius());
        for y in 0..rows {
            let row = &mut between[y * width..(y + 1) * width];
            row.fill(0.0);
            for (i, &k) in self.kernel.iter().enumerate() {
                if let Some(v) = (y + i).checked_sub(radius).filter(|&v| v < rows) {
                    kernel::add_scaled(row, &image[v * width..(v + 1) * width], k);
                }
            }
        }
        padded.clear();
        padded.resize(width + 2 * radius, 0.0);
        for (row, out) in between.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            padded[radius..radius + width].copy_from_slice(row);
            out.fill(0.0);
            for (i, &k) in self.kernel.iter().enumerate() {
                kernel::add_scaled(out, &padded[i..i + width], k);
            }
        }
    }
}

/// By band: variance of the detail's noise over the variance given, from every fourth strip.
fn noise_scale(input: &Input<'_>, smooth: &Blur) -> [f32; 3] {
    let starts: Vec<usize> = (0..input.height).step_by(4 * ROWS).collect();
    let samples = parallel::map_owned(starts, Strip::default, |strip, y| {
        let last = (y + ROWS).min(input.height);
        strip.split(input, smooth, y, last);
        let skip = (y - strip.first) * input.width;
        let inner = skip..skip + (last - y) * input.width;
        [0, 1, 2].map(|b| {
            // 37 is coprime to usual widths: all columns are met.
            let chosen = inner.clone().step_by(37).filter(|&i| strip.mask[i] > 0.0);
            let start = strip.first * input.width;
            chosen
                .map(|i| f64::from(strip.detail[b][i].abs() / input.variance(b, start + i).sqrt()))
                .filter(|v| v.is_finite())
                .collect::<Vec<f64>>()
        })
    });
    [0, 1, 2].map(|b| {
        let mut all: Vec<f64> = samples.iter().flat_map(|s| s[b].iter().copied()).collect();
        let sigma = MAD_TO_SIGMA * median(&mut all).unwrap_or(1.0);
        (sigma * sigma).max(1e-12) as f32
    })
}

/// Working memory of some rows with their halo.
#[derive(Default)]
struct Strip {
    /// The first row, of the halo.
    first: usize,
    mask: Vec<f32>,
    low: [Vec<f32>; 3],
    detail: [Vec<f32>; 3],
    weight: Vec<f32>,
    common: Vec<f32>,
    common_noise: Vec<f32>,
    power: Vec<f32>,
    product: Vec<f32>,
    ratio: Vec<f32>,
    rest: Vec<f32>,
    padded: Vec<f32>,
    between: Vec<f32>,
}

impl Strip {
    /// Low part and detail of rows `y..last` and their halo.
    fn split(&mut self, input: &Input<'_>, smooth: &Blur, y: usize, last: usize) {
        // Three blurs, one after the other, reach this far.
        let halo = smooth.radius() + 2 * Blur::new(WINDOW).radius();
        self.first = y.saturating_sub(halo);
        let end = (last + halo).min(input.height);
        let width = input.width;
        let rows = self.first * width..end * width;
        let n = rows.len();
        let all = [&mut self.weight, &mut self.common, &mut self.common_noise, &mut self.power];
        for v in
            all.into_iter().chain([&mut self.product, &mut self.ratio, &mut self.rest, &mut self.between])
        {
            v.resize(n, 0.0);
        }
        self.mask.clear();
        self.mask.extend(rows.clone().map(|i| {
            let there = input.planes.iter().all(|p| p[i].is_finite());
            f32::from(u8::from(there))
        }));
        smooth.run(&self.mask, width, &mut self.padded, &mut self.between, &mut self.weight);
        for b in 0..3 {
            let (low, detail) = (&mut self.low[b], &mut self.detail[b]);
            low.resize(n, 0.0);
            detail.clear();
            detail.extend(
                input.planes[b][rows.clone()]
                    .iter()
                    .zip(&self.mask)
                    .map(|(&v, &m)| if m > 0.0 { v } else { 0.0 }),
            );
            smooth.run(detail, width, &mut self.padded, &mut self.between, low);
            for ((low, detail), (&w, &m)) in
                low.iter_mut().zip(detail.iter_mut()).zip(self.weight.iter().zip(&self.mask))
            {
                *low /= w.max(1e-6);
                *detail = m * (*detail - *low);
            }
        }
    }

    fn run(&mut self, input: &Input<'_>, blurs: &[Blur; 2], scale: [f32; 3], y: usize, out: [&mut [f32]; 3]) {
        let [smooth, window] = blurs;
        let width = input.width;
        let last = y + out[0].len() / width;
        self.split(input, smooth, y, last);
        let start = self.first * width;
        let noise = |b: usize, i: usize| (scale[b] * input.variance(b, start + i)).max(1e-12);
        for i in 0..self.mask.len() {
            (self.common[i], self.common_noise[i]) = (0.0, 0.0);
            if self.mask[i] > 0.0 {
                let inverse = [0, 1, 2].map(|b| 1.0 / noise(b, i));
                let total = inverse[0] + inverse[1] + inverse[2];
                let sum: f32 = (0..3).map(|b| inverse[b] * self.detail[b][i]).sum();
                // The noise variance of L, and its covariance with any band.
                (self.common[i], self.common_noise[i]) = (sum / total, 1.0 / total);
            }
        }
        let Strip {
            mask, weight, common, common_noise, power, product, ratio, rest, padded, between, ..
        } = self;
        window.run(mask, width, padded, between, weight);
        for (r, c) in rest.iter_mut().zip(&*common) {
            *r = c * c;
        }
        window.run(rest, width, padded, between, power);
        let skip = (y - self.first) * width;
        for (b, out) in out.into_iter().enumerate() {
            let detail = &self.detail[b];
            for ((p, d), c) in product.iter_mut().zip(detail).zip(&*common) {
                *p = d * c;
            }
            window.run(product, width, padded, between, rest);
            for i in 0..mask.len() {
                ratio[i] = 1.0;
                product[i] = 0.0;
                if mask[i] > 0.0 {
                    let w = weight[i].max(1e-6);
                    let prior = PRIOR * noise(b, i);
                    let below = (power[i] / w - common_noise[i] + prior).max(0.3 * prior);
                    ratio[i] =
                        ((rest[i] / w - common_noise[i] + prior) / below).clamp(1.0 / MAX_RATIO, MAX_RATIO);
                    product[i] = (detail[i] - ratio[i] * common[i]).powi(2);
                }
            }
            window.run(product, width, padded, between, rest);
            for (j, out) in out.iter_mut().enumerate() {
                let i = skip + j;
                if mask[i] > 0.0 {
                    let (s, r, q) = (noise(b, i), ratio[i], common_noise[i]);
                    // The band's weight in L is q / s.
                    let expected = (s - 2.0 * r * q + r * r * q).max(0.0);
                    let found = (rest[i] / weight[i].max(1e-6)).max(1e-12);
                    let keep = (1.0 - REST * expected / found).clamp(0.0, 1.0);
                    let shared = r * common[i];
                    *out = self.low[b][i] + shared + keep * (detail[i] - shared);
                } else {
                    *out = input.planes[b][start + i];
                }
            }
        }
    }
}

#[allow(unsafe_code)] // The macro's call of a function compiled for more, behind its run-time check.
mod kernel {
    /// `out += factor * values`.
    #[multiversion::multiversion(targets("x86_64+avx2", "x86_64+avx2+avx512f+avx512vl+avx512dq"))]
    pub(super) fn add_scaled(out: &mut [f32], values: &[f32], factor: f32) {
        let n = out.len();
        let values = &values[..n];
        for i in 0..n {
            out[i] += factor * values[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::tests::random;

    const WIDTH: usize = 160;
    const HEIGHT: usize = 220;
    const STARS: [(f64, f64, f64, [f64; 3]); 4] = [
        (40.3, 50.7, 5000.0, [1.5, 1.0, 0.6]),
        (110.6, 60.2, 3000.0, [0.5, 1.0, 1.8]),
        (60.5, 150.5, 4000.0, [1.0, 1.0, 1.0]),
        (120.0, 170.0, 2000.0, [1.2, 1.0, 0.8]),
    ];

    fn scene(noise: f64) -> [Vec<f32>; 3] {
        let mut r = random(17);
        [0, 1, 2].map(|b| {
            (0..WIDTH * HEIGHT)
                .map(|i| {
                    let (x, y) = ((i % WIDTH) as f64, (i / WIDTH) as f64);
                    let light: f64 = STARS
                        .iter()
                        .map(|s| s.3[b] * s.2 * (-0.5 * ((x - s.0).powi(2) + (y - s.1).powi(2)) / 1.6).exp())
                        .sum();
                    (500.0 + light + noise * ((0..12).map(|_| r()).sum::<f64>() - 6.0)) as f32
                })
                .collect()
        })
    }

    fn shared(planes: &[Vec<f32>; 3]) -> [Vec<f32>; 3] {
        share([&planes[0], &planes[1], &planes[2]], [&[]; 3], WIDTH)
    }

    fn flux(plane: &[f32], (x0, y0): (f64, f64)) -> f64 {
        (0..plane.len())
            .filter(|i| ((i % WIDTH) as f64 - x0).hypot((i / WIDTH) as f64 - y0) < 6.0)
            .map(|i| f64::from(plane[i]) - 500.0)
            .sum()
    }

    fn spread(plane: &[f32]) -> f64 {
        let mut v: Vec<f64> = plane.iter().map(|&v| (f64::from(v) - 500.0).abs()).collect();
        MAD_TO_SIGMA * median(&mut v).expect("a plane")
    }

    #[test]
    fn noise_falls_and_bright_stars_keep_flux_and_colour() {
        let planes = scene(10.0);
        let out = shared(&planes);
        for b in 0..3 {
            assert!(spread(&out[b]) < 0.75 * spread(&planes[b]), "band {b}: {}", spread(&out[b]));
            for s in STARS {
                let (before, after) = (flux(&planes[b], (s.0, s.1)), flux(&out[b], (s.0, s.1)));
                assert!((after / before - 1.0).abs() < 0.02, "band {b}: {before} becomes {after}");
                let peak = (s.1.round() as usize) * WIDTH + s.0.round() as usize;
                let change = (out[b][peak] - planes[b][peak]) / planes[b][peak];
                assert!(change.abs() < 0.02, "band {b}: peak {} becomes {}", planes[b][peak], out[b][peak]);
            }
        }
    }

    #[test]
    fn what_is_missing_stays_missing_and_touches_nothing_else() {
        let mut planes = scene(0.0);
        let whole = shared(&planes);
        for y in 0..30 {
            planes[1][y * WIDTH..(y + 1) * WIDTH - 3 * y].fill(f32::NAN);
        }
        let out = shared(&planes);
        for i in 0..WIDTH * HEIGHT {
            assert_eq!(out[1][i].is_nan(), planes[1][i].is_nan());
            if out[1][i].is_finite() && i / WIDTH > 80 {
                assert_eq!(out[1][i].to_bits(), whole[1][i].to_bits());
            }
            if out[1][i].is_finite() {
                assert!((out[1][i] - whole[1][i]).abs() < 3.0, "{} becomes {}", whole[1][i], out[1][i]);
            }
        }
    }

    #[test]
    fn a_noisier_rim_is_not_taken_for_detail() {
        // The lower half has nine times the variance, and says so.
        let mut planes = scene(0.0);
        let mut r = random(3);
        let variance: Vec<f32> =
            (0..WIDTH * HEIGHT).map(|i| if i / WIDTH < 110 { 25.0 } else { 225.0 }).collect();
        for plane in &mut planes {
            for (v, s) in plane.iter_mut().zip(&variance) {
                *v += s.sqrt() * ((0..12).map(|_| r()).sum::<f64>() - 6.0) as f32;
            }
        }
        let out = share([&planes[0], &planes[1], &planes[2]], [&variance; 3], WIDTH);
        let half = 130 * WIDTH;
        assert!(spread(&out[1][half..]) < 0.75 * spread(&planes[1][half..]));
        assert!(spread(&out[1][..half / 2]) < 0.75 * spread(&planes[1][..half / 2]));
    }

    #[test]
    fn threads_change_no_bit() {
        let planes = scene(10.0);
        let run = |threads| parallel::with_threads(threads, || shared(&planes)).expect("threads");
        assert!(run(1) == run(2));
    }
}
