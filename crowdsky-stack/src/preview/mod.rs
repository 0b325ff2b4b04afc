//! A picture to look at: the sky neutral and dark, faint light lifted out of it, stars in their colours up to their cores.

mod balance;
mod picture;
mod sky;
mod tint;
mod tone;

pub use self::picture::Preview;

use self::sky::Sky;
use self::tint::Window;
use self::tone::{SKY, Tone};
use crate::error::Error;
use crate::parallel;
use crate::share::{ROWS, strips};
use crate::stack::{Stack, samples};
use std::ops::Range;
use std::path::Path;

/// As bright as any band becomes, of 1: no core is cut off.
const FULL: f32 = 0.99;

/// Shows `stack` to the eye: the sky dark and neutral with grey noise, faint light lifted, stars in their colours up to their
/// cores, and black where no frame has data.
#[must_use]
pub fn render(stack: &Stack) -> Preview {
    let planes = stack.planes.each_ref().map(samples);
    paint(planes, &variance(stack), balance::of(&stack.stars), stack.planes[0].ncols())
}

/// Variance of each pixel's noise, mean of the bands; without it what the number of frames tells, in some unit.
fn variance(stack: &Stack) -> Vec<f32> {
    let Some(noise) = &stack.noise else {
        return stack.footprint.iter().map(|&n| 1.0 / f32::from(n.max(1))).collect();
    };
    let [red, green, blue] = noise.variance.each_ref().map(samples);
    red.iter().zip(green).zip(blue).map(|((r, g), b)| (r + g + b) / 3.0).collect()
}

/// What a picture is made from.
struct Picture<'a> {
    planes: [&'a [f32]; 3],
    /// Of each pixel's noise, in any unit; NaN where it is not known.
    variance: &'a [f32],
    width: usize,
    height: usize,
    sky: Vec<Sky>,
    gain: [f64; 3],
}

fn paint(planes: [&[f32]; 3], variance: &[f32], gain: [f64; 3], width: usize) -> Preview {
    let height = variance.len() / width.max(1);
    let mut rgb = vec![0; 3 * width * height];
    if rgb.is_empty() {
        return Preview { width, height, rgb };
    }
    let sky = parallel::map(3, |b| Sky::measure(planes[b], width));
    let picture = Picture { planes, variance, width, height, sky, gain };
    let tone = Tone::fit(picture.some_light());
    let noise = tint::Noise::measure(&picture);
    let blur = tint::window();
    let parts = strips(height, 1).zip(rgb.chunks_mut(3 * width * ROWS)).collect();
    parallel::map_owned(parts, Window::default, |window, (rows, out): (Range<usize>, &mut [u8])| {
        window.load(&picture, &blur, &rows);
        let places = rows.flat_map(|y| (0..width).map(move |x| (x, y)));
        for (pixel, (x, y)) in out.chunks_exact_mut(3).zip(places) {
            let light = window.light(x, y);
            if light.is_finite() {
                let tint = window.tint(x, y, variance[y * width + x], &noise);
                pixel.copy_from_slice(&colour(tone.grey(light), tint));
            }
        }
    });
    Preview { width, height, rgb }
}

/// A pixel's bytes: its grey above the sky, and what each band has beyond that, in parts of it. Where a band would become
/// brighter than white the tint fades, not the profile.
fn colour(grey: f32, tint: [f32; 3]) -> [u8; 3] {
    let (level, glow) = (SKY + grey, grey.max(0.0));
    let strongest = tint.iter().copied().fold(0.0, f32::max) * glow;
    let fade = if strongest > FULL - level { (FULL - level).max(0.0) / strongest } else { 1.0 };
    tint.map(|t| (255.0 * (level + fade * t * glow).clamp(0.0, 1.0)).round() as u8)
}

impl Picture<'_> {
    /// Row `y` of each band without its sky, balanced.
    fn row(&self, y: usize, bands: &mut [Vec<f32>; 3]) {
        for (b, out) in bands.iter_mut().enumerate() {
            let row = &self.planes[b][y * self.width..(y + 1) * self.width];
            out.clear();
            out.extend(self.sky[b].take_off(row, y, self.gain[b]));
        }
    }

    /// The light of every seventh row: the curve needs no more.
    fn some_light(&self) -> Vec<f32> {
        let rows = parallel::map(self.height.div_ceil(7), |k| {
            let mut bands = Default::default();
            self.row(7 * k, &mut bands);
            let [red, green, blue] = &bands;
            let light = (0..self.width).map(|x| light(red[x], green[x], blue[x]));
            light.filter(|v| v.is_finite()).collect::<Vec<f32>>()
        });
        rows.concat()
    }
}

/// How bright a pixel is. Green counts twice, as it does on the sensor: the mean has a tenth less noise so.
fn light(red: f32, green: f32, blue: f32) -> f32 {
    0.25 * (red + 2.0 * green + blue)
}

/// Writes the preview of `stack` as PNG, atomically.
///
/// # Errors
/// [`Error::Exists`], [`Error::Io`], [`Error::Png`].
pub fn write_png(stack: &Stack, path: &Path, overwrite: bool) -> Result<(), Error> {
    render(stack).write_png(path, overwrite)
}

#[cfg(test)]
mod tests;
