//! Pictures of scenes of which all is known.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::matching::tests::random;
use crate::statistics::median;

const WIDTH: usize = 300;
const HEIGHT: usize = 400;
/// Columns on the left without data.
const RIM: usize = 9;
/// From this row on a pixel has nine times the variance.
const NOISY: usize = 350;
/// What makes up for the camera's colours.
const GAIN: [f64; 3] = [1.6, 1.0, 1.3];
/// The sky in the picture, 0 to 255.
const DARK: f64 = 25.5;

struct Star {
    x: usize,
    y: usize,
    /// Of the mean of the bands, ADU.
    peak: f64,
    /// The bands in parts of it.
    bands: [f64; 3],
}

const fn star(x: usize, y: usize, peak: f64, bands: [f64; 3]) -> Star {
    Star { x, y, peak, bands }
}

const STARS: [Star; 5] = [
    star(60, 80, 600.0, [1.3, 1.0, 0.7]),
    star(200, 90, 900.0, [0.8, 1.0, 1.2]),
    star(80, 300, 5000.0, [1.2, 1.0, 0.8]),
    star(220, 320, 45_000.0, [0.75, 1.0, 1.25]),
    // Cut off by the sensor.
    star(150, 200, 200_000.0, [1.2, 1.0, 0.8]),
];

/// Stars of unequal width in the bands on a coloured, sloping sky; noise of 10 ADU once balanced.
fn scene() -> ([Vec<f32>; 3], Vec<f32>) {
    let mut r = random(5);
    let noisy = |i: usize| i / WIDTH >= NOISY;
    let planes = [0, 1, 2].map(|b| {
        let (sky, slope, square) = ([700.0, 950.0, 800.0][b], [0.1, -0.05, 0.2][b], [4.2, 3.6, 4.2][b]);
        let level = |x: f64, y: f64| {
            let light = |s: &Star| {
                let far = (x - s.x as f64).powi(2) + (y - s.y as f64).powi(2);
                s.bands[b] * s.peak / GAIN[b] * 4.0 / square * (-0.5 * far / square).exp()
            };
            sky + slope * (x + y) + STARS.iter().map(light).sum::<f64>()
        };
        let mut pixel = |i: usize| {
            let sigma = if noisy(i) { 30.0 } else { 10.0 } / GAIN[b];
            let noise = sigma * ((0..12).map(|_| r()).sum::<f64>() - 6.0);
            let value = level((i % WIDTH) as f64, (i / WIDTH) as f64) + noise;
            if i % WIDTH < RIM { f32::NAN } else { value.min(65_535.0) as f32 }
        };
        (0..WIDTH * HEIGHT).map(&mut pixel).collect()
    });
    (planes, (0..WIDTH * HEIGHT).map(|i| if noisy(i) { 9.0 } else { 1.0 }).collect())
}

fn painted() -> Preview {
    let (planes, variance) = scene();
    paint(planes.each_ref().map(|p| &p[..]), &variance, GAIN, WIDTH)
}

fn pixel(preview: &Preview, x: usize, y: usize) -> [f64; 3] {
    [0, 1, 2].map(|b| f64::from(preview.rgb[3 * (y * WIDTH + x) + b]))
}

#[test]
fn the_sky_is_a_tenth_of_white_and_its_noise_is_grey() {
    let preview = painted();
    let (mut coloured, mut all) = (0, 0);
    for top in (0..HEIGHT).step_by(50) {
        for left in (RIM..WIDTH - 50).step_by(50) {
            let near = |s: &Star| s.x + 20 > left && s.x < left + 70 && s.y + 20 > top && s.y < top + 70;
            if STARS.iter().any(near) {
                continue;
            }
            let places = (0..2500).map(|i| (left + i % 50, top + i / 50));
            let pixels: Vec<[f64; 3]> = places.map(|(x, y)| pixel(&preview, x, y)).collect();
            let level =
                [0, 1, 2].map(|b| median(&mut pixels.iter().map(|p| p[b]).collect::<Vec<_>>()).unwrap());
            let off = if top < NOISY { 1.0 } else { 3.0 };
            assert!(level.iter().all(|l| (l - DARK).abs() <= off), "({left}, {top}): {level:?}");
            assert!(level.iter().all(|l| (l - level[1]).abs() <= 0.5), "({left}, {top}): {level:?}");
            let colour = |p: &&[f64; 3]| (p[0] - p[1]).abs().max((p[2] - p[1]).abs()) > 2.0;
            let here = pixels.iter().filter(colour).count();
            assert!(here < 125, "({left}, {top}): {here} of 2500 pixels of sky have a colour");
            (all, coloured) = (all + pixels.len(), coloured + here);
        }
    }
    assert!(all > 40_000 && coloured * 50 < all, "{coloured} of {all} pixels of sky have a colour");
}

#[test]
fn stars_keep_their_colours_and_have_no_rings() {
    let preview = painted();
    for s in &STARS[..4] {
        for (dx, dy) in [(0, 0), (1, 0), (0, 2), (2, 1)] {
            let p = pixel(&preview, s.x + dx, s.y + dy);
            let warm = s.bands[0] > s.bands[2];
            let order = if warm { p[0] > p[1] && p[1] > p[2] } else { p[0] < p[1] && p[1] < p[2] };
            assert!(order, "({}, {}), {dx} and {dy} px from its centre: {p:?}", s.x, s.y);
        }
    }
    // The core that is cut off has the colour of its wings, and not the camera's magenta.
    let core = pixel(&preview, STARS[4].x, STARS[4].y);
    assert!(core[0] > core[2] + 20.0 && core[1] > core[2] - 5.0, "{core:?}");
    // One that neither the shoulder nor white is near: the tint is told as it is, a little stronger.
    let s = &STARS[0];
    let p = pixel(&preview, s.x + 2, s.y + 1).map(|v| v - DARK);
    let mean = p.iter().sum::<f64>() / 3.0;
    let excess = 1.4 * (s.bands[0] - 1.0) / (1.0f64 + (1.4 * (s.bands[0] - 1.0)).powi(2)).sqrt();
    for (band, expected) in [(0, excess), (1, 0.0), (2, -excess)] {
        assert!((p[band] / mean - 1.0 - expected).abs() < 0.1, "band {band}: {p:?}, not {expected}");
    }
}

#[test]
fn no_core_is_cut_off() {
    let preview = painted();
    assert!(preview.rgb.iter().all(|&v| v < 255), "white");
    for s in &STARS[..4] {
        let profile: Vec<f64> = (0..6).map(|d| pixel(&preview, s.x + d, s.y).iter().sum()).collect();
        assert!(profile.windows(2).all(|w| w[0] > w[1]), "({}, {}): {profile:?}", s.x, s.y);
    }
}

#[test]
fn where_no_frame_was_there_is_black_and_only_there() {
    let preview = painted();
    for (i, p) in preview.rgb.chunks_exact(3).enumerate() {
        assert_eq!(p == [0, 0, 0], i % WIDTH < RIM, "pixel {i}: {p:?}");
    }
}

#[test]
fn threads_change_no_byte() {
    let run = |threads| parallel::with_threads(threads, painted).expect("threads");
    assert!(run(1) == run(2));
}

#[test]
fn a_nebula_over_half_of_the_frame_is_bright_and_has_its_colour() {
    let mut r = random(9);
    // At its middle four times the noise of a pixel, red.
    let planes = [1.6f64, 0.8, 0.8].map(|band| {
        let nebula = |i: usize| {
            let (x, y) = ((i % WIDTH) as f64 - 170.0, (i / WIDTH) as f64 - 210.0);
            40.0 * band * (-0.5 * (x * x + y * y) / 70.0f64.powi(2)).exp()
        };
        let mut noise = || 10.0 * ((0..12).map(|_| r()).sum::<f64>() - 6.0);
        (0..WIDTH * HEIGHT).map(|i| (800.0 + nebula(i) + noise()) as f32).collect::<Vec<f32>>()
    });
    let variance = vec![1.0; WIDTH * HEIGHT];
    let preview = paint(planes.each_ref().map(|p| &p[..]), &variance, [1.0; 3], WIDTH);
    let level = |left: usize, top: usize| {
        let places = (0..1600).map(|i| (left + i % 40, top + i / 40));
        let pixels: Vec<[f64; 3]> = places.map(|(x, y)| pixel(&preview, x, y)).collect();
        [0, 1, 2].map(|b| median(&mut pixels.iter().map(|p| p[b]).collect::<Vec<_>>()).unwrap())
    };
    let (sky, nebula) = ([level(0, 0), level(260, 0), level(0, 360), level(260, 360)], level(150, 190));
    for corner in sky {
        assert!(corner.iter().all(|l| (l - DARK).abs() <= 2.0), "{sky:?}, nebula {nebula:?}");
    }
    assert!(nebula[0] > nebula[1] + 25.0 && nebula[1] > DARK + 15.0, "{nebula:?}");
}

#[test]
fn any_size_will_do() {
    assert!(paint([&[]; 3], &[], [1.0; 3], 0).rgb.is_empty());
    for (width, height) in [(1, 1), (2, 1), (1, 90), (33, 1), (7, 70), (64, 3)] {
        let mut plane: Vec<f32> = (0..width * height).map(|i| 100.0 + (i % 7) as f32).collect();
        plane[0] = f32::NAN;
        // Variances that nothing is known of, or that are nothing.
        for variance in [f32::NAN, 0.0, 1.0] {
            let preview = paint([&plane; 3], &vec![variance; plane.len()], [1.0; 3], width);
            let black = preview.rgb.chunks_exact(3).filter(|p| p == &[0, 0, 0]).count();
            assert_eq!((preview.width, preview.height, black), (width, height, 1));
        }
    }
    let nothing = vec![f32::NAN; 4000];
    assert!(paint([&nothing; 3], &nothing, [1.0; 3], 50).rgb.iter().all(|&v| v == 0));
}
