//! Colour sharing: detail that the bands have in common, told once, for pictures.
//!
//! Each band is split into a smooth part and detail; the detail of all bands, weighted by inverse variance, is one common
//! picture L. Around every pixel a local linear model `detail = r L + rest` keeps the colour of each star in r; what is left
//! over stays as far as it stands above its noise, so that a band keeps its own star shape where that can be measured.
//!
//! Noise in the sky becomes common to all bands, and smaller; faint stars gain some per cent. The colours of stars near the
//! noise are pulled to neutral, so this is for looking at, and the planes to measure on stay as they are.

mod blur;
mod kernel;
mod strip;

pub(crate) use self::blur::{Blur, stride};
use self::strip::Strip;
use crate::parallel;
use crate::statistics::{MAD_TO_SIGMA, median};
use std::ops::Range;

/// Scale above which colours are a band's own, px RMS.
const SMOOTH: f32 = 2.0;
/// Window of the local model, px RMS.
const WINDOW: f32 = 2.5;
/// Pull of r towards 1, in noise variances of the band.
const PRIOR: f32 = 0.4;
/// Largest ratio of a band's detail to the common one, and its inverse.
const MAX_RATIO: f32 = 3.0;
/// Noise variances that what a band shows alone has to stand above. A window holds 80 independent pixels, so that noise alone
/// scatters by a sixth: this is two sigma.
const REST: f32 = 1.3;
/// Rows made at once, without the halo of the blurs: working memory of a thread stays near its cache.
pub(crate) const ROWS: usize = 64;

/// Every `step`-th strip of [`ROWS`] rows of a picture.
pub(crate) fn strips(height: usize, step: usize) -> impl Iterator<Item = Range<usize>> {
    (0..height).step_by(step * ROWS).map(move |y| y..(y + ROWS).min(height))
}

/// Three planes of `width` columns, each with the variance of its noise (any unit: only ratios between pixels of one plane
/// count; empty: all pixels alike), with their detail shared. NaN stays NaN and takes no part.
pub(crate) fn share(planes: [&[f32]; 3], variance: [&[f32]; 3], width: usize) -> [Vec<f32>; 3] {
    let width = width.max(1);
    let input = Input { planes, variance, width, height: planes[0].len() / width };
    let blurs = Blurs { smooth: Blur::new(SMOOTH), window: Blur::new(WINDOW) };
    let scale = noise_scale(&input, &blurs);
    let mut out: [Vec<f32>; 3] = std::array::from_fn(|_| vec![f32::NAN; planes[0].len()]);
    let [red, green, blue] = out.each_mut().map(|plane| plane.chunks_mut(ROWS * width));
    let parts = strips(input.height, 1).zip(red.zip(green).zip(blue)).collect();
    parallel::map_owned(parts, Strip::default, |strip, (rows, ((r, g), b))| {
        strip.run(&input, &blurs, scale, &rows, [r, g, b]);
    });
    out
}

struct Input<'a> {
    planes: [&'a [f32]; 3],
    variance: [&'a [f32]; 3],
    width: usize,
    height: usize,
}

struct Blurs {
    smooth: Blur,
    window: Blur,
}

/// By band: variance of the detail's noise over the variance given, from every fourth part of the picture. White noise has
/// a little less in its detail than in all, and a variance that is wrong by a factor does no harm.
fn noise_scale(input: &Input<'_>, blurs: &Blurs) -> [f32; 3] {
    let parts = strips(input.height, 4).collect();
    let samples = parallel::map_owned(parts, Strip::default, |strip, rows: Range<usize>| {
        strip.split(input, blurs, [1.0; 3], &rows, 0);
        // 37 is coprime to usual widths: all columns are met.
        let chosen = (rows.start * input.width..rows.end * input.width).step_by(37);
        let places = chosen.map(|i| strip.place(i % input.width, i / input.width));
        let clear: Vec<usize> = places.filter(|&at| strip.mask[at] > 0.0).collect();
        [0, 1, 2].map(|b| {
            let size = |&at: &usize| f64::from(strip.detail[b][at].abs() / strip.noise[b][at].sqrt());
            clear.iter().map(size).collect::<Vec<f64>>()
        })
    });
    [0, 1, 2].map(|b| {
        let mut all: Vec<f64> = samples.iter().flat_map(|s| s[b].iter().copied()).collect();
        let sigma = MAD_TO_SIGMA * median(&mut all).unwrap_or(1.0);
        (sigma * sigma).max(1e-12) as f32
    })
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
                assert!((after / before - 1.0).abs() < 0.01, "band {b}: {before} becomes {after}");
                let peak = (s.1.round() as usize) * WIDTH + s.0.round() as usize;
                let change = (out[b][peak] - planes[b][peak]) / planes[b][peak];
                assert!(change.abs() < 0.02, "band {b}: peak {} becomes {}", planes[b][peak], out[b][peak]);
            }
        }
        for s in STARS {
            let colour = |planes: &[Vec<f32>; 3], b: usize| {
                flux(&planes[b], (s.0, s.1)) / flux(&planes[1], (s.0, s.1))
            };
            for b in [0, 2] {
                let (before, after) = (colour(&planes, b), colour(&out, b));
                assert!((after / before - 1.0).abs() < 0.01, "colour {before} becomes {after}");
            }
        }
    }

    #[test]
    fn only_ratios_of_variances_count() {
        let planes = scene(10.0);
        let [red, green, blue] = &planes;
        let with = |v: f32| share([red, green, blue], [&vec![v; WIDTH * HEIGHT]; 3], WIDTH);
        let (plain, scaled) = (shared(&planes), with(4096.0));
        for b in 0..3 {
            for (a, b) in plain[b].iter().zip(&scaled[b]) {
                assert!((a - b).abs() < 0.01, "{a} is not {b}");
            }
        }
    }

    #[test]
    fn any_size_will_do() {
        for (width, height) in [(1, 1), (1, 9), (33, 1), (7, 70), (64, 3)] {
            let plane: Vec<f32> = (0..width * height).map(|i| 100.0 + (i % 7) as f32).collect();
            let out = share([&plane; 3], [&[]; 3], width);
            for v in out.iter().flatten() {
                assert!((99.0..108.0).contains(v), "{width} x {height}: {v}");
            }
        }
        assert!(share([&[]; 3], [&[]; 3], 0).iter().all(Vec::is_empty));
        let nothing = vec![f32::NAN; 200];
        assert!(share([&nothing; 3], [&[]; 3], 20).iter().flatten().all(|v| v.is_nan()));
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
